// Spans: runs of pages cut into slots of one size, and how an address finds its object.
//
// A span holds objects of one size class and one kind, so that what differs by kind (scan it, end
// it, leave it alone) is a property of the span and not of each object. Its record lies in a table
// of its own; the page table has two words per page that say which record, and repeat from it all
// that a lookup needs, so that the marker comes from an address to its mark by one line of memory.
//
//     page entry:   size class 8 | page within the span 16 | span 32 | kind and flags 8
//     marks:        where the span's are
//     mark byte:    one per slot: 0 free; colour 1, 2 or 3, and flags above
//
// The colour of a slot says more than one bit and saves a pass: colours 1 and 2 take turns at being
// black, so after a cycle what has the other colour was not reached, and what survived need not be
// cleared: the next cycle calls its colour white. Colour 3 is of memory that is not collected:
// neither ever white nor ever marked.
//
// [HS1] A mark byte is 0 exactly if its slot is free; a slot in a cache's run is not free.
// [HS2] A page entry is published after the record and the marks it leads to, and withdrawn before
//       they are reused. Spans that are collected are freed by the sweep alone, which does not
//       overlap with marking; the others are not found by find().
// Records are never unmapped. Runs on: see each group of fields. Not here: which span to allocate
// from (central.h), clearing (cache.cc).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "heap/arena.h"
#include "heap/heap.h"
#include "heap/size_class.h"

namespace gort::heap {

inline constexpr unsigned kKindCount = 4;
inline constexpr std::uint8_t kColourMask = 3;
inline constexpr std::uint8_t kUncollected = 3;  // also the padding behind a span's marks

enum class SpanPlace : std::uint8_t { none, cached, swept, full, unswept };

struct alignas(64) Span {
  // --- set when it is made
  std::uintptr_t base = 0;
  std::uint8_t* marks = nullptr;
  const Layout* layout = nullptr;  // large objects only; null: every word may be a pointer
  std::size_t pages = 0;
  std::uint32_t slots = 0;
  std::uint32_t slot_bytes = 0;  // 0 for a large object: it has `pages`
  std::uint32_t index = 0;
  std::uint8_t size_class = 0;
  Kind kind = Kind::scan;

  // --- who holds it: the cache or central list that it is in
  bool zero = false;         // free slots read as zeros
  std::uint32_t cursor = 0;  // slots before it are taken, or were freed too late for this round
  std::uint32_t sweep_generation = 0;

  // --- under its central list's lock
  SpanPlace place = SpanPlace::none;
  std::uint32_t free_slots = 0;  // true while it is in no cache
  Span* next = nullptr;
  Span* previous = nullptr;

  alignas(16) std::uint8_t own_mark[16] = {};  // a large object's

  std::size_t bytes() const { return pages << kPageShift; }
  std::uintptr_t slot_base(std::uint32_t slot) const {
    return base + std::uintptr_t{slot} * slot_bytes;
  }
};

class PageEntry {
 public:
  PageEntry() = default;
  constexpr explicit PageEntry(std::uint64_t bits) : bits_(bits) {}
  constexpr PageEntry(unsigned size_class, Kind kind, std::size_t page_in_span, std::uint32_t span)
      : bits_(std::uint64_t{size_class} << kClassShift |
              std::uint64_t{page_in_span < kSaturated ? page_in_span : kSaturated} << kPlaceShift |
              std::uint64_t{span} << kSpanShift | kInUse |
              static_cast<std::uint64_t>(kind) << kKindShift |
              (kind == Kind::manual ? 0 : kCollected) | flags(size_class, kind)) {}

  // Bits of the tag: nothing in it is to be looked into; the span or a label says what is.
  static constexpr std::uint64_t kNoscan = 1, kLabelled = 2;
  static constexpr unsigned kClassShift = 56;
  // The class in its place, and the two bits: what a marker keeps beside an address.
  constexpr std::uint64_t tag() const { return bits_ & (~std::uint64_t{0} << kClassShift | 3); }

  constexpr unsigned size_class() const { return static_cast<unsigned>(bits_ >> kClassShift); }
  constexpr Kind kind() const { return static_cast<Kind>(bits_ >> kKindShift & 3); }
  constexpr bool in_use() const { return (bits_ & kInUse) != 0; }
  constexpr bool is_collected() const { return (bits_ & kCollected) != 0; }  // not manual
  constexpr std::size_t page_in_span() const { return bits_ >> kPlaceShift & 0xffff; }  // saturates
  constexpr bool is_far_in_span() const { return page_in_span() == kSaturated; }
  constexpr std::uint32_t span() const { return static_cast<std::uint32_t>(bits_ >> kSpanShift); }
  constexpr std::uint64_t bits() const { return bits_; }

 private:
  static constexpr unsigned kKindShift = 2, kSpanShift = 8, kPlaceShift = 40;
  static constexpr std::uint64_t kInUse = 0x80, kCollected = 0x40;
  static constexpr std::uint64_t kSaturated = 0xffff;

  static constexpr std::uint64_t flags(unsigned size_class, Kind kind) {
    if (kind == Kind::noscan) return kNoscan;
    const bool plain = kind == Kind::scan && size_class != kLargeClass &&
                       !detail::has_layout_word(kind, kSizeClasses[size_class].slot_bytes);
    return plain ? 0 : kLabelled;
  }
  std::uint64_t bits_ = 0;
};

inline PageEntry entry_of(std::uintptr_t address) {  // a heap address
  // Pairs with publish in span.cc [HS2].
  return PageEntry(bounds.pages[page_of(address)].entry.load(std::memory_order_acquire));
}
inline std::uint32_t slot_of(PageEntry entry, std::uintptr_t address, const Span& span) {
  if (entry.size_class() == kLargeClass) return 0;
  return static_cast<std::uint32_t>(
      ((address - span.base) * std::uint64_t{kSizeClasses[entry.size_class()].magic}) >> 32);
}
// The span of an address that is known to be in one.
inline Span* span_of(const void* object) {
  return &bounds.spans[entry_of(reinterpret_cast<std::uintptr_t>(object)).span()];
}

inline std::atomic_ref<std::uint8_t> mark_byte(std::uint8_t* marks, std::uint32_t slot) {
  return std::atomic_ref<std::uint8_t>(marks[slot]);
}

// The marks of `count` slots in a row. Others may be reading them: a marker or who looks for the
// dead asks about any address.
void set_marks(std::uint8_t* marks, std::uint8_t value, std::size_t count);

// The number of sweeps that have begun; see sweep.cc.
std::uint32_t sweep_generation();

// A span of `size_class`, or a large object of `bytes`, in no list and not yet found by addresses.
// Null when memory is out.
Span* new_span(unsigned size_class, Kind kind, std::size_t large_bytes = 0);
// From now on addresses lead to it [HS2].
void publish_span(Span* span);
// Withdraws it and frees its pages.
void free_span(Span* span);

// How long the tables are for an arena of so many pages.
std::size_t span_table_bytes(std::size_t pages);
std::size_t mark_table_bytes(std::size_t pages);
std::size_t mark_page_table_bytes(std::size_t pages);

// What the records hold, for statistics and leak checks.
std::size_t spans_in_use();
std::size_t table_bytes();  // of records and marks in use

// The first run of free slots at or after span->cursor. Owner of the span only.
struct SlotRun {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};
SlotRun find_run(const Span& span);
std::uint32_t count_free(const Span& span);

}  // namespace gort::heap
