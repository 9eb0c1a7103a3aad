// Making and freeing spans, and reading their marks eight at a time. See span.h.
//
// Marks are in a table of their own, in pieces of 64 bytes. Behind the last slot the piece is
// filled up with bytes that are not free, so that scans need no bound per byte. A record keeps its
// pieces when it is freed, for the next span with as many: so there is nothing in marks that nobody
// has, and the pages of a heap that was large once can go back to the system.
#include "heap/span.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/assert.h"
#include "base/os_linux.h"
#include "base/spin_lock.h"
#include "heap/object.h"
#include "heap/page_alloc.h"

namespace gort::heap {
namespace {

constexpr std::size_t kMarkPiece = 64;
constexpr std::uint32_t kMostSlots = 2048;
constexpr std::size_t kMarkSizes = kMostSlots / kMarkPiece + 2;
constexpr std::uint64_t kEachByte = 0x0101010101010101;

constexpr std::uint32_t most_slots() {
  std::uint32_t most = 0;
  for (const SizeClass& size : kSizeClasses) most = std::max(most, size.slots);
  return most;
}
static_assert(most_slots() <= kMostSlots);

// One more than there are slots: an address behind the last leads there. None for a single slot.
constexpr std::size_t pieces_of(std::uint32_t slots) {
  return slots > 1 ? slots / kMarkPiece + 1 : 0;
}

struct Records {
  base::SpinLock lock;
  // under lock
  Span* free[kMarkSizes] = {};  // by the number of their pieces
  std::uint32_t carved = 0;
  std::size_t in_use = 0;
  std::size_t marks_carved = 0;
  std::size_t marks_in_use = 0;
  // Per page of the table of marks, in tables.mark_pages: how many spans have marks there, and
  // whether it was used since it was last given back.
  std::uint16_t* pages = nullptr;
};
Records records;
constexpr std::uint16_t kPageTouched = 0x8000;
static_assert(kPageBytes / kMarkPiece + 1 < kPageTouched);

// The worst that a program can do is to fill the arena with the densest class of each number of
// pieces in turn. So the tables are as long as all that together: marks, a sixth of the arena, and
// records.
struct Worst {
  std::size_t marks = 0, records = 0;  // per page of the arena
};
constexpr Worst worst_per_page() {
  std::size_t marks[kMarkSizes] = {}, records[kMarkSizes] = {1};
  for (const SizeClass& size : kSizeClasses) {
    if (size.slots <= 1) continue;
    const std::size_t pieces = pieces_of(size.slots);
    const std::size_t bytes = (pieces * kMarkPiece + size.pages - 1) / size.pages;
    marks[pieces] = std::max(marks[pieces], bytes);
    records[pieces] = 1;
  }
  Worst worst;
  for (std::size_t pieces = 0; pieces < kMarkSizes; ++pieces) {
    worst.marks += marks[pieces];
    worst.records += records[pieces];
  }
  return worst;
}
static_assert(worst_per_page().marks < kPageBytes / 6);

// The pages that a span's marks are in, each once.
template <class Visit>
void for_mark_pages(const std::uint8_t* marks, std::size_t pieces, Visit visit) {
  const auto offset = static_cast<std::size_t>(marks - tables.first_mark);
  const std::size_t last = (offset + pieces * kMarkPiece - 1) / kPageBytes;
  for (std::size_t page = offset / kPageBytes; page <= last; ++page) visit(records.pages[page]);
}

// A record that was never used, with as many marks; null when the system has no memory.
Span* carve_locked(std::size_t pieces) {
  const std::size_t marks_end = records.marks_carved + pieces * kMarkPiece;
  const std::size_t mark_pages = (marks_end + kPageBytes - 1) / kPageBytes;
  if (!tables.spans.cover((records.carved + std::size_t{1}) * sizeof(Span)) ||
      !tables.marks.cover(marks_end) ||
      !tables.mark_pages.cover(mark_pages * sizeof *records.pages)) {
    return nullptr;
  }
  records.pages = tables.first_mark_page;
  Span* const span = new (&bounds.spans[records.carved]) Span();
  span->index = records.carved++;
  span->marks = pieces != 0 ? tables.first_mark + records.marks_carved : span->own_mark;
  records.marks_carved = marks_end;
  return span;
}

// A record with marks for so many slots; null when the system has no memory.
Span* acquire_record(std::uint32_t slots) {
  const std::size_t pieces = pieces_of(slots);
  base::Guard guard(records.lock);
  Span* span = records.free[pieces];
  if (span != nullptr) {
    records.free[pieces] = span->next;
    const std::uint32_t index = span->index;
    std::uint8_t* const marks = span->marks;
    *span = Span();
    span->index = index;
    span->marks = marks;
  } else if ((span = carve_locked(pieces)) == nullptr) {
    return nullptr;
  }
  ++records.in_use;
  records.marks_in_use += pieces * kMarkPiece;
  if (pieces == 0) return span;
  for_mark_pages(span->marks, pieces,
                 [](std::uint16_t& page) { page = (page + 1) | kPageTouched; });
  return span;
}

void release_record(Span* span) {
  const std::size_t pieces = pieces_of(span->slots);
  base::Guard guard(records.lock);
  --records.in_use;
  records.marks_in_use -= pieces * kMarkPiece;
  span->next = records.free[pieces];
  records.free[pieces] = span;
  if (pieces != 0) for_mark_pages(span->marks, pieces, [](std::uint16_t& page) { --page; });
}

// Eight marks. Another thread may free a slot meanwhile (release_slots in central.cc): then we see
// it now or later, and if now, also that it has done with the memory.
std::uint64_t load_marks(std::uint8_t* marks) {
#if defined(__SANITIZE_THREAD__)
  std::uint64_t word = 0;  // the race detector pairs a store with loads of the same address only
  for (unsigned i = 0; i < 8; ++i) {
    word |= std::uint64_t{std::atomic_ref<std::uint8_t>(marks[i]).load(std::memory_order_acquire)}
            << (8 * i);
  }
  return word;
#else
  return std::atomic_ref<std::uint64_t>(*reinterpret_cast<std::uint64_t*>(marks))
      .load(std::memory_order_acquire);
#endif
}

// The top bit of each byte that is zero, exactly.
std::uint64_t zero_bytes(std::uint64_t word) {
  constexpr std::uint64_t kLow = 0x7f * kEachByte;
  return ~(((word & kLow) + kLow) | word | kLow);
}

}  // namespace

Span* new_span(unsigned size_class, Kind kind, std::size_t large_bytes) {
  const SizeClass& size = kSizeClasses[size_class];
  const bool large = size_class == kLargeClass;
  const PageRun run =
      allocate_pages(large ? (large_bytes + kPageBytes - 1) >> kPageShift : size.pages);
  if (run.first == kNoPages) return nullptr;
  Span* span = acquire_record(large ? 1 : size.slots);
  if (span == nullptr) {
    free_pages(run.first, run.count);
    return nullptr;
  }
  span->base = address_of_page(run.first);
  span->pages = run.count;
  span->slots = large ? 1 : size.slots;
  span->slot_bytes = size.slot_bytes;
  span->size_class = static_cast<std::uint8_t>(size_class);
  span->kind = kind;
  span->zero = run.zero;
  span->free_slots = span->slots;
  span->sweep_generation = sweep_generation();
  const std::size_t bytes =
      span->slots > 1 ? pieces_of(span->slots) * kMarkPiece : sizeof span->own_mark;
  set_marks(span->marks, 0, span->slots);
  set_marks(span->marks + span->slots, kUncollected, bytes - span->slots);
  return span;
}

void publish_span(Span* span) {
  const std::size_t first = page_of(span->base);
  for (std::size_t page = 0; page < span->pages; ++page) {
    const PageEntry entry(span->size_class, span->kind, page, span->index);
    bounds.pages[first + page].marks.store(span->marks, std::memory_order_relaxed);
    bounds.pages[first + page].entry.store(entry.bits(), std::memory_order_release);  // [HS2]
  }
}

void free_span(Span* span) {
  const std::size_t first = page_of(span->base);
  for (std::size_t page = 0; page < span->pages; ++page) {
    bounds.pages[first + page].entry.store(0, std::memory_order_relaxed);
  }
  free_pages(first, span->pages);
  release_record(span);
}

bool find_large_body(std::size_t page, PageEntry entry, Body& body) {
  const auto at = [](std::size_t number) { return entry_of(address_of_page(number)); };
  std::size_t first = page;
  PageEntry near = entry;  // one that still counts its pages
  while (first > 0 && near.is_far_in_span() && near.span() == entry.span()) near = at(--first);
  if (near.is_far_in_span() || near.page_in_span() > first) return false;
  first -= near.page_in_span();
  std::size_t end = first;
  for (const std::size_t last = bounds.bytes >> kPageShift; end < last; ++end) {
    const PageEntry expected(kLargeClass, Kind::manual, end - first, entry.span());
    if (at(end).bits() != expected.bits()) break;
  }
  if (page >= end) return false;
  body.low = reinterpret_cast<const char*>(address_of_page(first));
  body.high = reinterpret_cast<const char*>(address_of_page(end));
  return true;
}

std::size_t span_table_bytes(std::size_t pages) {
  return pages * worst_per_page().records * sizeof(Span);
}
std::size_t mark_table_bytes(std::size_t pages) { return pages * worst_per_page().marks; }
std::size_t mark_page_table_bytes(std::size_t pages) {
  return (mark_table_bytes(pages) / kPageBytes + 1) * sizeof *records.pages;
}

bool release_marks(std::size_t& page) {
  constexpr std::size_t kPagesPerStep = 64;
  base::Guard guard(records.lock);
  const std::size_t pages = (records.marks_carved + kPageBytes - 1) / kPageBytes;
  const std::size_t end = std::min(page + kPagesPerStep, pages);
  while (page < end) {
    const std::size_t first = page;
    while (page < end && records.pages[page] == kPageTouched) records.pages[page++] = 0;
    if (page == first) {
      ++page;
    } else if (!base::os::discard(tables.first_mark + first * kPageBytes,
                                  (page - first) * kPageBytes)) {
      return false;
    }
  }
  return page < pages;
}

std::size_t spans_in_use() {
  base::Guard guard(records.lock);
  return records.in_use;
}

std::size_t table_bytes() {
  base::Guard guard(records.lock);
  return records.in_use * sizeof(Span) + records.marks_in_use;
}

void set_marks(std::uint8_t* marks, std::uint8_t value, std::size_t count) {
#if defined(__SANITIZE_THREAD__)
  // One by one, so that ThreadSanitizer knows that they are atomic.
  for (std::size_t i = 0; i < count; ++i) {
    std::atomic_ref<std::uint8_t>(marks[i]).store(value, std::memory_order_relaxed);
  }
#else
  std::memset(marks, value, count);
#endif
}

SlotRun find_run(const Span& span) {
  // Ones in the top bit of each free byte from `first` on, shifted down; none behind the word.
  std::uint32_t first = span.cursor;
  std::uint64_t free = 0;
  for (;; first = (first | 7) + 1) {
    if (first >= span.slots) return {};
    free = zero_bytes(load_marks(span.marks + (first & ~7u))) >> (8 * (first & 7));
    if (free != 0) break;
  }
  const auto skipped = static_cast<std::uint32_t>(std::countr_zero(free)) / 8;
  first += skipped;
  free >>= 8 * skipped;
  // On to the first that is taken; the padding is.
  std::uint32_t end = first;
  for (;;) {
    const std::uint64_t taken = ~free & (0x80 * kEachByte);
    const auto length = taken == 0 ? 8 : static_cast<std::uint32_t>(std::countr_zero(taken)) / 8;
    const std::uint32_t in_word = 8 - (end & 7);
    if (length < in_word) return {first, end + length - first};
    end += in_word;
    if (end >= span.slots) return {first, span.slots - first};
    free = zero_bytes(load_marks(span.marks + end));
  }
}

std::uint32_t count_free(const Span& span) {
  std::uint32_t free = 0;
  for (std::uint32_t slot = 0; slot < span.slots; slot += 8) {
    // Adds the ones up in the highest byte: cheaper than a population count where that is a call.
    free += static_cast<std::uint32_t>(
        ((zero_bytes(load_marks(span.marks + slot)) >> 7) * kEachByte) >> 56);
  }
  return free;
}

}  // namespace gort::heap
