// The central lists: for each kind and size class, the spans that no cache holds.
//
// Three lists: spans with free slots, full ones, and those that the sweep has not been at since the
// last cycle, whatever is in them. Starting a sweep joins the first two to the third, without
// looking at a single span; then each span moves on when somebody, refilling or in the background,
// has swept it. Class 0 is large objects, which are always full.
//
//              new_span                       take_swept, take_unswept
//     (none) ------------> cached by one <----------------------- swept, unswept
//        ^                      |                                     ^  |
//        |   nothing in it      |  give_back                          |  | start_sweep
//        +----------------------+--------------------------> swept or full
//
// [HC1] No two locks of the heap are held at once, but for that of the shared cache (heap.cc),
//       which comes first.
// [HC2] A span is in one list, or held by one cache, or by one sweeper, which has taken it from its
//       list.
// Any thread, inside or outside a section. Not here: sweeping a span (sweep.cc), large objects
// (large.cc).
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>

#include "base/spin_lock.h"
#include "heap/span.h"

namespace gort::heap {

class SpanList {
 public:
  bool empty() const { return head_ == nullptr; }
  Span* head() const { return head_; }
  void push(Span* span) {
    span->next = head_;
    span->previous = nullptr;
    (head_ != nullptr ? head_->previous : tail_) = span;
    head_ = span;
    ++size_;
  }
  void remove(Span* span) {
    (span->previous != nullptr ? span->previous->next : head_) = span->next;
    (span->next != nullptr ? span->next->previous : tail_) = span->previous;
    span->next = span->previous = nullptr;
    --size_;
  }
  Span* pop() {
    Span* span = head_;
    if (span != nullptr) remove(span);
    return span;
  }
  // All of `other` to the end of this; returns how many.
  std::size_t append(SpanList& other) {
    const std::size_t moved = other.size_;
    if (moved == 0) return 0;
    other.head_->previous = tail_;
    (tail_ != nullptr ? tail_->next : head_) = other.head_;
    tail_ = other.tail_;
    size_ += moved;
    other.head_ = other.tail_ = nullptr;
    other.size_ = 0;
    return moved;
  }

 private:
  Span* head_ = nullptr;
  Span* tail_ = nullptr;
  std::size_t size_ = 0;
};

struct alignas(64) Central {
  base::SpinLock lock;
  // --- under lock
  SpanList swept;
  SpanList full;
  SpanList unswept;
  std::uint64_t mallocs = 0, frees = 0;            // objects
  std::uint64_t malloc_bytes = 0, free_bytes = 0;  // class 0 only
};
extern Central centrals[kKindCount][kClassCount];

// The lists by number: of all kinds and classes.
inline constexpr unsigned kListCount = kKindCount * kClassCount;
inline Central& central_at(unsigned list) {
  return centrals[list / kClassCount][list % kClassCount];
}

// Of which kinds and classes there ever was a span. A program uses a few, and the rest of the lists
// and of the caches' runs need not be looked at while the world waits. Any thread: what is added
// stays.
class UsedLists {
 public:
  void add(Kind kind, unsigned size_class) {
    const unsigned list = static_cast<unsigned>(kind) * kClassCount + size_class;
    const std::uint64_t bit = std::uint64_t{1} << list % 64;
    auto& word = words_[list / 64];
    if ((word.load(std::memory_order_relaxed) & bit) == 0) {
      word.fetch_or(bit, std::memory_order_relaxed);
    }
  }
  // The first from `list` on; kListCount if there is none.
  unsigned next(unsigned list) const {
    while (list < kListCount) {
      const std::uint64_t rest = words_[list / 64].load(std::memory_order_relaxed) >> list % 64;
      if (rest != 0) return list + static_cast<unsigned>(std::countr_zero(rest));
      list = (list / 64 + 1) * 64;
    }
    return kListCount;
  }
  // visit(kind, size_class) for each that is collected.
  template <class Visit>
  void for_each_collected(Visit visit) const {
    for (unsigned list = next(0); list < kListCount; list = next(list + 1)) {
      const auto kind = static_cast<Kind>(list / kClassCount);
      if (kind != Kind::manual) visit(kind, list % kClassCount);
    }
  }

 private:
  std::atomic<std::uint64_t> words_[(kListCount + 63) / 64] = {};
};
extern UsedLists used_lists;

inline Central& central_of(const Span& span) {
  return centrals[static_cast<unsigned>(span.kind)][span.size_class];
}

// A span with room, swept, now the caller's; null when memory is out. `may_sweep`: to have pages
// for it; not for threads outside the runtime.
Span* acquire_span(Kind kind, unsigned size_class, bool may_sweep);
// From a cache, its untaken slots free again: to the list where it belongs, or to the page
// allocator when nothing is in it. Sweeps it if that is due.
void give_back(Span* span);
// The same for a span that has just been swept: its free slots are counted.
void put_back(Span* span);
// Frees slots of manual spans of one class; linked through their first words.
void release_slots(unsigned size_class, void* chain);
// A large object's span, from its list.
void unlist_large(Span* span);

}  // namespace gort::heap
