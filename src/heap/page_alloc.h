// The page allocator: which pages of the arena are free.
//
// One bit per page, in chunks of 512 pages (4 MiB), and over the chunks a binary tree whose nodes
// know the free pages at their start, at their end and the longest run between: the lowest address
// with room for n pages is one walk from the root, and neighbours need no merging since a run is
// just bits. Lowest first keeps the top of the heap idle, from where memory goes back to the
// system. Rejected: a tree of free runs (a record per run, merging by hand), lists by size (no
// order, so the heap never shrinks).
//
// A second bit per page says whether it may hold something else than zeros: memory fresh from the
// system, or given back to it, need not be cleared again.
//
// [HP1] A page is free, or belongs to exactly one span, or has not been committed: those count as
//      used.
// Any thread; one lock, held for a fraction of a microsecond, never across a system call but the
// one that grows the heap. Not here: giving idle pages back (release.cc).
#pragma once

#include <cstddef>
#include <cstdint>

#include "heap/size_class.h"

namespace gort::heap {

inline constexpr std::size_t kNoPages = SIZE_MAX;

// Pages in one of the kernel's huge pages. The heap does without them below kFirstHugePage, so that
// a small program stays small. Beyond it a marker that jumps about in a gigabyte would else wait
// for the page tables more than for the objects.
inline constexpr std::size_t kHugePages = (std::size_t{2} << 20) / kPageBytes;
inline constexpr std::size_t kFirstHugePage = (std::size_t{32} << 20) / kPageBytes;

struct PageRun {
  std::size_t first = kNoPages;
  std::size_t count = 0;
  bool zero = false;  // all of it reads as zeros
};

// Runs of pages; `first` is kNoPages when memory is out.
PageRun allocate_pages(std::size_t count);
void free_pages(std::size_t first, std::size_t count);

struct PageStatistics {
  std::size_t committed = 0;  // pages ever asked of the system
  std::size_t used = 0;
  std::size_t idle = 0;      // free, but perhaps still in memory
  std::size_t returned = 0;  // free and not in memory
};
PageStatistics page_statistics();
// How many pages of memory a run of so many would cost now: those where it would lie that are not
// in memory.
std::size_t page_growth(std::size_t count);

// Takes a run of idle pages that may be in memory, the highest there is and within one huge page;
// first == kNoPages when there is none. At most `most`, but where there are huge pages all of its
// neighbours: one that has been cut up comes back in 512 pieces. It is given back by return_idle.
PageRun take_idle(std::size_t most);
void return_idle(PageRun run);  // now known to be zeros

// In a large heap: whether there is so little idle memory left that some should be fetched; a look
// without lock. What is fetched is a run of pages that are not in memory, the lowest and within one
// huge page, which free_pages makes idle; first == kNoPages when there is enough.
bool is_short_of_idle();
PageRun take_unfetched();

// The bits and the tree of `count` pages: so much memory, zeroed and writable.
std::size_t page_bits_bytes(std::size_t count);

void boot_pages(std::size_t count, void* bits);
// The tree agrees with the bits, the counters with both. For tests and checked builds.
void check_pages();

}  // namespace gort::heap
