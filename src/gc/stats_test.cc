// mem_stats: the histogram's bounds, and what allocations and a cycle add to the numbers.
//
// Others may allocate and collect meanwhile: lower bounds are exact, upper ones leave some room.
// Not here: Go's identities (test/conformance/gc_numbers.cc).

#include <doctest/doctest.h>

#include <gort/detail/gc_core.hpp>
#include <gort/heap.hpp>
#include <gort/mem_stats.hpp>

#include "gc/stats.h"

namespace gort::collector {
namespace {

TEST_CASE("the bounds of the pause histogram rise, by a quarter of a doubling") {
  for (std::size_t i = 1; i < mem_stats::kPauseBuckets; ++i) {
    const auto low = mem_stats::pause_bound(i - 1), high = mem_stats::pause_bound(i);
    CHECK(low < high);
    if (i > 8) CHECK(4 * high <= 5 * low + 4);
  }
  CHECK(mem_stats::pause_bound(mem_stats::kPauseBuckets - 1) > 3'600'000'000'000);  // an hour
}

std::uint64_t stops(const mem_stats& s) {
  std::uint64_t sum = 0;
  for (const std::uint64_t count : s.pause_histogram) sum += count;
  return sum;
}

TEST_CASE("a pause is counted in the bucket whose bounds it lies between") {
  for (const std::uint64_t ns : {0u, 7u, 8u, 9u, 10u, 1'000u, 99'999u, 123'456'789u}) {
    const mem_stats before = read_mem_stats();
    note_pause(static_cast<std::int64_t>(ns));
    const mem_stats after = read_mem_stats();
    CHECK(stops(after) >= stops(before) + 1);
    bool found = false;
    for (std::size_t i = 0; i + 1 < mem_stats::kPauseBuckets; ++i) {
      if (mem_stats::pause_bound(i) > ns || ns >= mem_stats::pause_bound(i + 1)) continue;
      found = true;
      CHECK(after.pause_histogram[i] >= before.pause_histogram[i] + 1);
    }
    CHECK(found);
  }
}

TEST_CASE("what is allocated is counted exactly") {
  struct Odd {
    std::uint64_t words[37];
  };
  constexpr std::size_t kCount = 1'000;
  const int percent = detail::set_gc_percent(-1);
  const mem_stats before = read_mem_stats();
  for (std::size_t i = 0; i < kCount; ++i) keep_alive(new_<Odd>());
  const mem_stats after = read_mem_stats();
  detail::set_gc_percent(percent);
  std::size_t counted = 0;
  for (std::size_t i = 0; i < after.by_size.size(); ++i) {
    const std::uint64_t mallocs = after.by_size[i].mallocs - before.by_size[i].mallocs;
    if (after.by_size[i].size == 320) counted = mallocs;
  }
  CHECK(counted >= kCount);
  CHECK(counted < kCount + 20);
  CHECK(after.total_alloc - before.total_alloc >= kCount * 320);
  CHECK(after.mallocs - after.frees == after.heap_objects);
  CHECK(after.heap_sys == after.heap_inuse + after.heap_idle);
}

TEST_CASE("a collection that was asked for is counted, with its pauses") {
  const mem_stats before = read_mem_stats();
  detail::gc();
  const mem_stats after = read_mem_stats();
  CHECK(after.num_gc > before.num_gc);
  CHECK(after.num_forced_gc > before.num_forced_gc);
  CHECK(after.pause_total_ns > before.pause_total_ns);
  CHECK(stops(after) >= stops(before) + 2);
  CHECK(after.pause_end[(after.num_gc + 255) % 256] == after.last_gc);
  CHECK(after.gc_cpu_fraction > 0);
  CHECK(after.gc_cpu_fraction < 1);
}

}  // namespace
}  // namespace gort::collector
