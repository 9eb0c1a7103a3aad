// Counting what the heap holds, and checking that it adds up.
//
// Each central list counts its own objects under its lock, caches add theirs when they are flushed,
// sweeps subtract. Nothing is counted per allocation. Any thread for statistics(), which then is a
// sum of snapshots; the world stopped for check_heap().
// Not here: Go's names for these numbers (runtime/).
#include "base/assert.h"
#include "heap/cache.h"
#include "heap/central.h"
#include "heap/object.h"
#include "heap/page_alloc.h"
#include "heap/sweep.h"

namespace gort::heap {

Statistics statistics() {
  flush_shared();
  Statistics total;
  std::uint64_t freed_bytes = 0;
  for (auto& kind : centrals) {
    for (unsigned size_class = 0; size_class < kClassCount; ++size_class) {
      Central& central = kind[size_class];
      Statistics::Size& size = total.sizes[size_class];
      size.bytes = kSizeClasses[size_class].slot_bytes;
      base::Guard guard(central.lock);
      size.mallocs += central.mallocs;
      size.frees += central.frees;
      total.total_bytes += central.malloc_bytes + central.mallocs * size.bytes;
      freed_bytes += central.free_bytes + central.frees * size.bytes;
    }
  }
  for (const Statistics::Size& size : total.sizes) {
    total.mallocs += size.mallocs;
    total.frees += size.frees;
  }
  // As in Go, a tiny object counts as freed when its slot is taken for the next one.
  total.mallocs += tiny_objects();
  total.frees += tiny_objects();
  total.live_bytes = total.total_bytes - freed_bytes;
  const PageStatistics pages = page_statistics();
  total.system_bytes = pages.committed << kPageShift;
  total.in_use_bytes = pages.used << kPageShift;
  total.idle_bytes = (pages.idle + pages.returned) << kPageShift;
  total.returned_bytes = pages.returned << kPageShift;
  total.table_bytes = table_bytes();
  return total;
}

Footprint footprint() {
  boot();  // where there is no arena yet, it is not full
  const PageStatistics pages = page_statistics();
  return {((pages.committed - pages.returned) << kPageShift) + table_bytes(),
          pages.idle << kPageShift, bounds.bytes - (pages.used << kPageShift)};
}

std::size_t growth_for(std::size_t bytes) {
  return page_growth((bytes + kPageBytes - 1) >> kPageShift) << kPageShift;
}

std::size_t committed_pages() { return page_statistics().committed; }
std::size_t cache_bytes() { return sizeof(Cache); }

namespace {

void check_span(const Span& span, SpanPlace place) {
  GORT_CHECK(span.place == place || place == SpanPlace::unswept);
  for (std::size_t page = 0; page < span.pages; ++page) {
    const PageEntry entry = entry_of(span.base + (page << kPageShift));
    GORT_CHECK(entry.in_use() && entry.span() == span.index && entry.kind() == span.kind);
    GORT_CHECK(entry.size_class() == span.size_class);
  }
  GORT_CHECK(span.free_slots == count_free(span));
  if (place == SpanPlace::full) GORT_CHECK(span.free_slots == 0);
  if (place == SpanPlace::swept) {
    GORT_CHECK(span.free_slots > 0 && span.free_slots < span.slots);
  }
  if (place != SpanPlace::unswept) GORT_CHECK(!needs_sweep(span));
}

void check_list(const SpanList& list, SpanPlace place, std::size_t& spans) {
  for (const Span* span = list.head(); span != nullptr; span = span->next) {
    check_span(*span, place);
    ++spans;
  }
}

void check_cache(Cache& cache, void* spans) {
  for (unsigned kind = 0; kind < kKindCount; ++kind) {
    for (const Run& run : cache.runs[kind]) {
      GORT_CHECK(run.next <= run.ready && run.ready <= run.end);  // [HR1]
      if (run.span == nullptr) continue;
      ++*static_cast<std::size_t*>(spans);
      GORT_CHECK(run.span->place == SpanPlace::cached);  // [HC2]
      GORT_CHECK(static_cast<unsigned>(run.span->kind) == kind);
      if (static_cast<Kind>(kind) == Kind::manual) continue;
      for (const char* byte = run.next; byte < run.ready; ++byte) GORT_CHECK(*byte == 0);  // [HR1]
      for (const char* slot = run.next; slot < run.end; slot += run.span->slot_bytes) {
        Found found;  // [HS1], [HR2]
        GORT_CHECK(find(reinterpret_cast<std::uintptr_t>(slot), found));
        GORT_CHECK((*found.mark & kColourMask) == allocation_colour());
      }
    }
  }
}

}  // namespace

void check_heap() {
  flush_shared();
  std::size_t spans = 0;
  for (auto& kind : centrals) {
    for (Central& central : kind) {
      base::Guard guard(central.lock);
      check_list(central.swept, SpanPlace::swept, spans);
      check_list(central.full, SpanPlace::full, spans);
      check_list(central.unswept, SpanPlace::unswept, spans);
    }
  }
  for_each_cache(check_cache, &spans);
  GORT_CHECK(spans == spans_in_use());
  check_pages();
}

}  // namespace gort::heap
