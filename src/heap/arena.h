// The arena: one reserved stretch of address space that all collected memory comes from.
//
// It is reserved once, without rights, and becomes memory from its low end upwards: is this word
// the address of an object is one subtraction and one comparison, and the tables beside it are
// plain arrays indexed by page. Rejected: mapping chunks where the kernel likes (a map of chunks on
// the collector's hottest path).
//
// Behind it stand tables: of page entries (span.h), span records and marks (span.cc), page bits
// (page_alloc.cc). They belong to the same reservation, for the largest heap, so that it succeeds
// or fails as one, and like the arena they become memory from their low ends upwards: under strict
// accounting (vm.overcommit_memory=2) what can be written counts, touched or not, and the tables
// for an arena of 256 GiB are more than most machines have.
//
// [HA1] heap_base and heap_bytes are set once, before the first object; until then nothing is a
// heap
//      address.
//
// boot() may be called by anybody, any number of times. Not here: which pages are free
// (page_alloc.h).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "heap/size_class.h"

namespace gort::heap {

struct Span;

// What there is per page; see span.h.
struct PageWords {
  std::atomic<std::uint64_t> entry;
  std::atomic<std::uint8_t*> marks;  // of the span's first slot
};

struct alignas(64) Bounds {
  std::uintptr_t base = 0;
  std::size_t bytes = 0;
  PageWords* pages = nullptr;
  Span* spans = nullptr;  // records, by index
};
extern Bounds bounds;  // [HA1]

inline bool is_heap_address(std::uintptr_t address) { return address - bounds.base < bounds.bytes; }
inline std::size_t page_of(std::uintptr_t address) { return (address - bounds.base) >> kPageShift; }
inline std::uintptr_t address_of_page(std::size_t page) {
  return bounds.base + (page << kPageShift);
}

// A part of the reservation that grows from its low end. Its user has a lock.
class Table {
 public:
  Table() = default;
  Table(void* base, std::size_t bytes) : base_(static_cast<char*>(base)), bytes_(bytes) {}
  // The first `bytes` can be read and written from now on; what is new is zeros. False when the
  // table is not as long, or the kernel refuses.
  bool cover(std::size_t bytes) { return bytes <= covered_ || extend(bytes); }

 private:
  bool extend(std::size_t bytes);
  char* base_ = nullptr;
  std::size_t bytes_ = 0;
  std::size_t covered_ = 0;
};

struct Tables {
  Table pages;  // bounds.pages; what is not covered reads as zeros. With the page allocator's lock.
  Table notes;  // of types, in checked builds (type_notes.h); the same.
  Table spans;  // bounds.spans; with the lock of the records (span.cc), as the next.
  Table marks;
  Table mark_pages;
  std::uint8_t* first_mark = nullptr;
  std::uint16_t* first_mark_page = nullptr;
};
extern Tables tables;

// Reserves the arena and makes the page allocator; ends the process if there is no room for it.
void boot();
// Makes pages readable and writable, which are zeros, and what the tables have about them. False
// when the kernel refuses. Under the page allocator's lock.
bool commit_pages(std::size_t first, std::size_t count);

}  // namespace gort::heap
