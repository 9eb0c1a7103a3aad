// What the heap's tests share: a collector that tells what it was asked, and a leak check.
//
// A test is the collector: it marks what it wants to keep, and calls collect(). The fixture's end
// collects everything and expects the heap to be empty, so that no test leaves spans to the next.
// Runs on the test's thread, which owns the cache of the unattached record.
#pragma once

#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>
#include <vector>

#include "base/thread_front.h"
#include "heap/cache.h"
#include "heap/object.h"

namespace gort::heap {

struct RecordingCollector final : Collector {
  void before_refill(std::size_t taken, std::size_t wanted) override { paid += taken + wanted; }
  bool reclaim(std::size_t, Reclaims& tried) override {
    attempts.push_back(tried.all);
    if (tried.all++ < 2) return true;
    throw Exhausted();  // false would be the end of the process
  }
  struct Exhausted {};
  void slot_died(void* object, std::uint8_t) override { died.push_back(object); }
  std::atomic<std::size_t> paid = 0;
  std::vector<void*> died;
  std::vector<unsigned> attempts;  // that reclaim was told of
};

struct HeapFixture {
  HeapFixture() {
    boot();
    set_collector(&collector);
    spans_before = spans_in_use();
  }
  ~HeapFixture() {
    collect({});
    collect({});
    flush(cache());
    check_heap();
    CHECK(spans_in_use() == spans_before);
    set_collector(nullptr);
  }

  Cache& cache() {
    base::ThreadFront* front = base::thread_front();
    if (front->cache == nullptr) front->cache = new_cache();
    return *front->cache;
  }
  void start_marking() {
    sweep_all();
    for_each_cache([](Cache& each, void*) { sweep_cached(each); }, nullptr);
    flip_colour();
    for_each_cache([](Cache& each, void*) { recolour_runs(each); }, nullptr);
  }
  static void mark(void* object) {
    Found found;
    if (!find(reinterpret_cast<std::uintptr_t>(object), found)) {
      FAIL_CHECK("marked what is not an object");
      return;
    }
    *found.mark = static_cast<std::uint8_t>((*found.mark & ~kColourMask) | allocation_colour());
  }
  // A whole cycle that keeps `live`.
  void collect(const std::vector<void*>& live) {
    start_marking();
    for (void* object : live) mark(object);
    start_sweep();
    for_each_cache([](Cache& each, void*) { sweep_cached(each); }, nullptr);
    sweep_all();
  }
  static bool is_object(void* address) {
    Found found;
    return find(reinterpret_cast<std::uintptr_t>(address), found);
  }

  RecordingCollector collector;
  std::size_t spans_before = 0;
};

}  // namespace gort::heap
