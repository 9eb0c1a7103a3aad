// Bits, the tree over them, and growth. See page_alloc.h.
//
// The tree is an array: node 1 is the root, node i has children 2i and 2i+1, and the leaves are the
// chunks. Only nodes above committed chunks differ from zero, so the array costs memory only as the
// heap grows.
//
// A search and an update of the tree cost about as much as clearing some kilobytes, and most pages
// come from the chunk that the last ones came from. So that chunk's bits are tried first, and what
// its freed and taken pages mean for the tree waits until somebody needs the tree.
// [HP2] Chunks below the one that is tried first have no run as long as the shortest tried there,
//       unless it goes on in the next chunk.
// [HP3] The tree agrees with the bits but for the chunks that are noted as stale, and what is above
//       them.
// Lock: pages.lock, innermost of the heap's ([HC1] in central.h).
#include "heap/page_alloc.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>

#include "base/assert.h"
#include "base/spin_lock.h"
#include "heap/arena.h"

namespace gort::heap {
namespace {

constexpr std::size_t kChunkPages = 512;
constexpr std::size_t kChunkWords = kChunkPages / 64;
// Growth by 4 MiB while small, by 64 MiB when the heap has 1 GiB: few system calls, little excess.
constexpr std::size_t kGrowPages = kChunkPages;
constexpr std::size_t kGrowPagesLarge = 16 * kChunkPages;
constexpr std::size_t kLargeHeapPages = (std::size_t{1} << 30) / kPageBytes;

// Free pages of a stretch: at its start, at its end, in its longest run.
struct Summary {
  std::uint32_t start, longest, end;
  bool operator==(const Summary&) const = default;
};

struct Pages {
  base::SpinLock lock;
  // set once
  std::size_t count = 0;
  std::size_t leaves = 0;  // a power of two
  std::uint64_t* free_bits = nullptr;
  std::uint64_t* dirty_bits = nullptr;
  Summary* tree = nullptr;
  // under lock
  std::size_t committed = 0;
  std::size_t used = 0;
  std::size_t idle = 0;                    // free and dirty
  std::atomic<bool> short_of_idle{false};  // written under lock
  std::size_t near = 0;                    // the chunk to try first [HP2]
  std::size_t shortest = SIZE_MAX;         // of the requests that it may be tried for
  std::size_t stale_count = 0;
  std::array<std::size_t, 8> stale{};  // chunks [HP3]
};
Pages pages;

std::size_t leaves_of(std::size_t count) {
  return std::bit_ceil((count + kChunkPages - 1) / kChunkPages);
}

// Calls visit(word, mask) for the bits [first, first + count).
template <class Visit>
void for_bits(std::size_t first, std::size_t count, Visit visit) {
  while (count > 0) {
    const std::size_t offset = first % 64;
    const std::size_t here = std::min(count, 64 - offset);
    visit(first / 64, (here == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << here) - 1) << offset);
    first += here;
    count -= here;
  }
}

std::size_t count_dirty(std::size_t first, std::size_t count) {
  std::size_t dirty = 0;
  for_bits(first, count, [&](std::size_t word, std::uint64_t mask) {
    dirty += std::popcount(pages.dirty_bits[word] & mask);
  });
  return dirty;
}

// Calls visit(offset, length) for the runs of ones of a chunk, low to high, until it returns true.
template <class Visit>
void for_runs(const std::uint64_t* words, Visit visit) {
  std::size_t at = 0;
  while (at < kChunkPages) {
    std::uint64_t rest = words[at / 64] >> (at % 64);
    if (rest == 0) {
      at = (at / 64 + 1) * 64;
      continue;
    }
    at += std::countr_zero(rest);
    const std::size_t from = at;
    do {  // across words as long as they are all ones
      rest = ~words[at / 64] >> (at % 64);
      at = rest == 0 ? (at / 64 + 1) * 64 : at + std::countr_zero(rest);
    } while (rest == 0 && at < kChunkPages);
    if (visit(from, at - from)) return;
  }
}

Summary summarize(std::size_t chunk) {
  Summary summary{0, 0, 0};
  for_runs(&pages.free_bits[chunk * kChunkWords], [&](std::size_t from, std::size_t length) {
    const auto run = static_cast<std::uint32_t>(length);
    if (from == 0) summary.start = run;
    if (from + length == kChunkPages) summary.end = run;
    summary.longest = std::max(summary.longest, run);
    return false;
  });
  return summary;
}

Summary join(const Summary& left, const Summary& right, std::uint32_t half) {
  return {left.start == half ? half + right.start : left.start,
          std::max({left.longest, right.longest, left.end + right.start}),
          right.end == half ? half + left.end : right.end};
}

void update_tree(std::size_t first, std::size_t count) {
  std::size_t low = first / kChunkPages, high = (first + count - 1) / kChunkPages;
  for (std::size_t chunk = low; chunk <= high; ++chunk) {
    pages.tree[pages.leaves + chunk] = summarize(chunk);
  }
  low += pages.leaves;
  high += pages.leaves;
  for (std::uint32_t half = kChunkPages; low > 1; half *= 2) {
    low /= 2;
    high /= 2;
    bool changed = false;
    for (std::size_t i = low; i <= high; ++i) {
      const Summary now = join(pages.tree[2 * i], pages.tree[2 * i + 1], half);
      changed = changed || !(now == pages.tree[i]);
      pages.tree[i] = now;
    }
    if (!changed) return;  // then nothing above does
  }
}

void update_stale() {
  for (std::size_t i = 0; i < pages.stale_count; ++i) {
    update_tree(pages.stale[i] * kChunkPages, kChunkPages);
  }
  pages.stale_count = 0;
}

void note_stale(std::size_t chunk) {
  const auto end = pages.stale.begin() + static_cast<std::ptrdiff_t>(pages.stale_count);
  if (std::find(pages.stale.begin(), end, chunk) != end) return;
  if (pages.stale_count == pages.stale.size()) update_stale();
  pages.stale[pages.stale_count++] = chunk;
}

// The lowest run of `count` free pages of a chunk, or kNoPages.
std::size_t find_in_chunk(std::size_t chunk, std::size_t count) {
  std::size_t found = kNoPages;
  for_runs(&pages.free_bits[chunk * kChunkWords], [&](std::size_t from, std::size_t length) {
    if (length < count) return false;
    found = chunk * kChunkPages + from;
    return true;
  });
  return found;
}

// The same of all; the tree is up to date.
std::size_t search_tree(std::size_t count) {
  std::size_t node = 1, first = 0, width = pages.leaves * kChunkPages;
  if (pages.tree[1].longest < count) return kNoPages;
  while (node < pages.leaves) {
    const Summary& left = pages.tree[2 * node];
    const Summary& right = pages.tree[2 * node + 1];
    width /= 2;
    if (left.longest >= count) {
      node = 2 * node;
    } else if (left.end + right.start >= count) {
      return first + width - left.end;
    } else {
      node = 2 * node + 1;
      first += width;
    }
  }
  return find_in_chunk(first / kChunkPages, count);
}

// The lowest run of `count` free pages, or nearly [HP2], or kNoPages.
std::size_t find_free(std::size_t count) {
  if (count >= pages.shortest) {
    const std::size_t near = find_in_chunk(pages.near, count);
    if (near != kNoPages) return near;
  }
  update_stale();
  const std::size_t found = search_tree(count);
  if (found != kNoPages) {
    pages.near = found / kChunkPages;
    pages.shortest = count;
  }
  return found;
}

void set_free(std::size_t first, std::size_t count, bool free) {
  for_bits(first, count, [&](std::size_t word, std::uint64_t mask) {
    GORT_ASSERT((pages.free_bits[word] & mask) == (free ? 0 : mask));  // [HP1]
    pages.free_bits[word] ^= mask;
  });
  const std::size_t chunk = first / kChunkPages;
  if (free) pages.near = std::min(pages.near, chunk);  // [HP2]
  if ((first + count - 1) / kChunkPages == chunk) return note_stale(chunk);
  update_tree(first, count);
}

// More memory from the system, so that `count` pages in a row are free.
bool grow(std::size_t count) {
  std::size_t wanted = pages.committed < kLargeHeapPages ? kGrowPages : kGrowPagesLarge;
  wanted = std::max(wanted, (count + kChunkPages - 1) / kChunkPages * kChunkPages);
  const std::size_t left = pages.count - pages.committed;
  wanted = std::min(wanted, left);
  if (wanted == 0 || !commit_pages(pages.committed, wanted)) {
    if (count > left || !commit_pages(pages.committed, count)) return false;
    wanted = count;
  }
  pages.committed += wanted;
  set_free(pages.committed - wanted, wanted, true);
  return true;
}

// Idle memory that is kept ready: what a fast program takes in some ten milliseconds. In smaller
// heaps it would be too much.
constexpr std::size_t kReadyPages = (std::size_t{16} << 20) / kPageBytes;
constexpr std::size_t kLeastFetchingPages = (std::size_t{512} << 20) / kPageBytes;

void note_idle() {
  const bool is_short = pages.idle < kReadyPages / 4 * 3 && pages.used >= kLeastFetchingPages;
  if (is_short != pages.short_of_idle.load(std::memory_order_relaxed)) {
    pages.short_of_idle.store(is_short, std::memory_order_relaxed);
  }
}

}  // namespace

std::size_t page_bits_bytes(std::size_t count) {
  const std::size_t leaves = leaves_of(count);
  return 2 * (leaves * kChunkPages / 8) + 2 * leaves * sizeof(Summary);
}

void boot_pages(std::size_t count, void* bits) {
  pages.count = count;
  pages.leaves = leaves_of(count);
  const std::size_t words = pages.leaves * kChunkWords;
  pages.free_bits = static_cast<std::uint64_t*>(bits);
  pages.dirty_bits = pages.free_bits + words;
  pages.tree = reinterpret_cast<Summary*>(pages.dirty_bits + words);
}

PageRun allocate_pages(std::size_t count) {
  base::Guard guard(pages.lock);
  if (count > pages.count) return {};
  std::size_t first = find_free(count);
  if (first == kNoPages) {
    if (!grow(count)) return {};
    first = find_free(count);
    if (first == kNoPages) return {};
  }
  set_free(first, count, false);
  const std::size_t dirty = count_dirty(first, count);
  pages.idle -= dirty;
  pages.used += count;
  note_idle();
  for_bits(first, count,
           [](std::size_t word, std::uint64_t mask) { pages.dirty_bits[word] |= mask; });
  return {first, count, dirty == 0};
}

void free_pages(std::size_t first, std::size_t count) {
  base::Guard guard(pages.lock);
  set_free(first, count, true);
  pages.used -= count;
  pages.idle += count;
}

bool is_short_of_idle() { return pages.short_of_idle.load(std::memory_order_relaxed); }

PageRun take_unfetched() {
  base::Guard guard(pages.lock);
  note_idle();
  if (pages.used < kLeastFetchingPages || pages.idle >= kReadyPages) return {};
  const auto unfetched = [](std::size_t word) {
    return pages.free_bits[word] & ~pages.dirty_bits[word];
  };
  // Growing waits for a fetch that is under way, in the kernel: so that is done here, in good time.
  if (pages.committed - pages.used - pages.idle < 2 * kReadyPages) grow(1);
  const std::size_t end = pages.committed / 64;
  std::size_t word = 0;
  while (word < end && unfetched(word) == 0) ++word;
  if (word == end) return {};
  const std::size_t first = word * 64 + static_cast<std::size_t>(std::countr_zero(unfetched(word)));
  std::size_t last = first;
  while ((last + 1) % kHugePages != 0 && (unfetched((last + 1) / 64) >> (last + 1) % 64 & 1) != 0) {
    ++last;
  }
  const std::size_t count = last - first + 1;
  set_free(first, count, false);
  pages.used += count;
  for_bits(first, count, [](std::size_t at, std::uint64_t mask) { pages.dirty_bits[at] |= mask; });
  return {first, count, false};
}

PageRun take_idle(std::size_t most) {
  base::Guard guard(pages.lock);
  if (pages.idle == 0) return {};
  for (std::size_t word = (pages.committed + 63) / 64; word-- > 0;) {
    const std::uint64_t idle = pages.free_bits[word] & pages.dirty_bits[word];
    if (idle == 0) continue;
    // The highest run of the word, extended downwards into full words.
    std::size_t high = word * 64 + 63 - static_cast<std::size_t>(std::countl_zero(idle));
    std::size_t low = high;
    while (low % kHugePages != 0 && (high - low + 1 < most || high >= kFirstHugePage)) {
      const std::size_t below = low - 1;
      if (!(pages.free_bits[below / 64] & pages.dirty_bits[below / 64] &
            (std::uint64_t{1} << (below % 64)))) {
        break;
      }
      low = below;
    }
    const std::size_t count = high - low + 1;
    set_free(low, count, false);
    pages.idle -= count;
    pages.used += count;
    return {low, count, false};
  }
  return {};
}

void return_idle(PageRun run) {
  base::Guard guard(pages.lock);
  for_bits(run.first, run.count,
           [](std::size_t word, std::uint64_t mask) { pages.dirty_bits[word] &= ~mask; });
  set_free(run.first, run.count, true);
  pages.used -= run.count;
}

PageStatistics page_statistics() {
  base::Guard guard(pages.lock);
  return {pages.committed, pages.used, pages.idle, pages.committed - pages.used - pages.idle};
}

std::size_t page_growth(std::size_t count) {
  base::Guard guard(pages.lock);
  const std::size_t first = count <= pages.count ? find_free(count) : kNoPages;
  return first == kNoPages ? count : count - count_dirty(first, count);
}

void check_pages() {
  base::Guard guard(pages.lock);
  update_stale();
  std::size_t free = 0, idle = 0;
  for (std::size_t word = 0; word < (pages.committed + 63) / 64; ++word) {
    free += std::popcount(pages.free_bits[word]);
    idle += std::popcount(pages.free_bits[word] & pages.dirty_bits[word]);
  }
  GORT_CHECK(free + pages.used == pages.committed);  // [HP1]
  GORT_CHECK(idle == pages.idle);
  const std::size_t chunks = (pages.committed + kChunkPages - 1) / kChunkPages;
  for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
    GORT_CHECK(pages.tree[pages.leaves + chunk] == summarize(chunk));
  }
  std::size_t nodes = chunks;
  std::size_t level = pages.leaves;
  for (std::uint32_t half = kChunkPages; level > 1; half *= 2) {
    level /= 2;
    nodes = (nodes + 1) / 2;
    for (std::size_t i = level; i < level + nodes; ++i) {
      GORT_CHECK(pages.tree[i] == join(pages.tree[2 * i], pages.tree[2 * i + 1], half));
    }
  }
}

}  // namespace gort::heap
