// Moving spans between caches, lists and the page allocator. See central.h.
//
// Swept spans are preferred to unswept ones, and those to new ones; the last that came is the first
// to go, as its marks are still near. Any thread. Not here: which run of a span (cache.cc).
#include "heap/central.h"

#include <cstring>

#include "base/assert.h"
#include "heap/race_detector.h"
#include "heap/sweep.h"

namespace gort::heap {

constinit Central centrals[kKindCount][kClassCount];
constinit UsedLists used_lists;

namespace {

// Sweeping this many spans in vain is more work than a new span; what is left, others sweep.
constexpr int kMostSwept = 32;

void put(Central& central, Span* span) {
  if (span->free_slots > 0) {
    span->place = SpanPlace::swept;
    central.swept.push(span);
  } else {
    span->place = SpanPlace::full;
    central.full.push(span);
  }
}

Span* take(Central& central, SpanList& list) {
  base::Guard guard(central.lock);
  Span* span = list.pop();
  if (span != nullptr) {
    span->place = SpanPlace::cached;
    span->cursor = 0;
  }
  return span;
}

}  // namespace

Span* acquire_span(Kind kind, unsigned size_class, bool may_sweep) {
  Central& central = centrals[static_cast<unsigned>(kind)][size_class];
  if (Span* span = take(central, central.swept)) return span;
  for (int i = 0; i < kMostSwept; ++i) {
    Span* span = take(central, central.unswept);
    if (span == nullptr) break;
    sweep_span(span);
    finished_sweeping_one();
    if (span->free_slots > 0) return span;
    base::Guard guard(central.lock);
    put(central, span);
  }
  if (may_sweep) sweep_for_pages(kSizeClasses[size_class].pages);
  Span* span = new_span(size_class, kind);
  if (span == nullptr) return nullptr;
  used_lists.add(kind, size_class);
  span->place = SpanPlace::cached;
  if (kind == Kind::manual && !span->zero) {  // [HR1]
    announce_new(span->base, span->bytes());
    std::memset(reinterpret_cast<void*>(span->base), 0, span->bytes());
  }
  publish_span(span);
  return span;
}

void give_back(Span* span) {
  if (needs_sweep(*span)) {
    sweep_held(span);
  } else if (span->kind != Kind::manual) {
    span->free_slots = count_free(*span);
  }
  put_back(span);
}

void put_back(Span* span) {
  Central& central = central_of(*span);
  {
    base::Guard guard(central.lock);
    // Manual slots are freed under the lock, without a count while the span is in a cache.
    if (span->kind == Kind::manual) span->free_slots = count_free(*span);
    if (span->free_slots < span->slots) return put(central, span);
    span->place = SpanPlace::none;
  }
  free_span(span);
}

void release_slots(unsigned size_class, void* chain) {
  Central& central = centrals[static_cast<unsigned>(Kind::manual)][size_class];
  SpanList empty;
  {
    base::Guard guard(central.lock);
    while (chain != nullptr) {
      void* const body = chain;
      chain = *static_cast<void**>(body);
      const auto address = reinterpret_cast<std::uintptr_t>(body);
      Span* span = span_of(body);
      // Its memory is free for others from here on: release, pairs with load_marks in span.cc.
      mark_byte(span->marks, slot_of(entry_of(address), address, *span))
          .store(0, std::memory_order_release);
      if (span->place == SpanPlace::cached) continue;
      if (span->free_slots++ == 0) {
        central.full.remove(span);
        span->place = SpanPlace::swept;
        central.swept.push(span);
      }
      if (span->free_slots == span->slots) {
        central.swept.remove(span);
        span->place = SpanPlace::none;
        empty.push(span);
      }
    }
  }
  while (Span* span = empty.pop()) free_span(span);
}

void unlist_large(Span* span) {
  Central& central = central_of(*span);
  base::Guard guard(central.lock);
  central.full.remove(span);
  span->place = SpanPlace::none;
  ++central.frees;
  central.free_bytes += span->bytes();
}

}  // namespace gort::heap
