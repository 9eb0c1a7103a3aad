// Sweeping: what was not marked is free, what was is untouched, and colours take turns.
//
// The tests play the collector by object.h. Not here: finding what is reachable (gc/).
#include "heap/sweep.h"

#include <algorithm>
#include <cstring>
#include <thread>
#include <vector>

#include "base/random.h"
#include "heap/heap_fixture.h"

using namespace gort::heap;

TEST_CASE_FIXTURE(HeapFixture, "unmarked objects die, marked ones live, cycle after cycle") {
  void* kept = allocate(40, 8, Kind::scan, nullptr);
  for (int cycle = 0; cycle < 5; ++cycle) {
    void* dropped = allocate(40, 8, Kind::scan, nullptr);
    CHECK(is_object(dropped));
    collect({kept});
    CHECK(is_object(kept));
    CHECK_FALSE(is_object(dropped));
    check_heap();
  }
}

TEST_CASE_FIXTURE(HeapFixture, "objects born while marking survive that cycle and not the next") {
  void* before = allocate(40, 8, Kind::scan, nullptr);
  start_marking();
  void* during = allocate(40, 8, Kind::scan, nullptr);
  void* large = allocate(50'000, 8, Kind::scan, nullptr);
  start_sweep();
  sweep_cached(cache());
  sweep_all();
  CHECK_FALSE(is_object(before));
  CHECK(is_object(during));
  CHECK(is_object(large));
  collect({});
  CHECK_FALSE(is_object(during));
  CHECK_FALSE(is_object(large));
}

TEST_CASE_FIXTURE(HeapFixture, "[HW1] a refill sweeps what it allocates from") {
  std::vector<void*> objects;
  for (int i = 0; i < 2000; ++i) objects.push_back(allocate(128, 16, Kind::noscan, nullptr));
  const std::size_t spans = spans_in_use();
  start_marking();
  for (std::size_t i = 0; i < objects.size(); i += 2) mark(objects[i]);
  start_sweep();
  // Nobody sweeps in the background: half of the slots are found by refills, no span is added.
  for (int i = 0; i < 900; ++i) allocate(128, 16, Kind::noscan, nullptr);
  CHECK(spans_in_use() <= spans + 1);
  for (std::size_t i = 0; i < objects.size(); i += 2) CHECK(is_object(objects[i]));
  sweep_cached(cache());
  sweep_all();
  check_heap();
}

TEST_CASE_FIXTURE(HeapFixture, "the collector hears of the death of what has a special record") {
  std::vector<void*> watched;
  for (int i = 0; i < 300; ++i) {
    void* object = allocate(32, 16, Kind::destructible, nullptr);
    if (i % 7 != 0) continue;
    Found found;
    CHECK(find(reinterpret_cast<std::uintptr_t>(object), found));
    *found.mark |= kHasSpecial;
    watched.push_back(object);
  }
  void* kept = watched.back();
  watched.pop_back();
  collect({kept});
  std::sort(collector.died.begin(), collector.died.end());
  std::sort(watched.begin(), watched.end());
  CHECK(collector.died == watched);
  collect({});
  CHECK(collector.died.back() == kept);
}

TEST_CASE_FIXTURE(HeapFixture, "sweeping in small pieces ends, and counts what lives") {
  const std::size_t before = statistics().live_bytes;
  std::vector<void*> live;
  for (int i = 0; i < 5000; ++i) {
    void* object = allocate(1000, 8, Kind::noscan, nullptr);
    if (i % 10 == 0) live.push_back(object);
  }
  live.push_back(allocate(100'000, 8, Kind::noscan, nullptr));
  flush(cache());
  start_marking();
  for (void* object : live) mark(object);
  start_sweep();
  int pieces = 0;
  while (sweep_some(3)) ++pieces;
  CHECK(pieces > 10);
  CHECK(sweep_is_done());
  CHECK(statistics().live_bytes == before + 500 * 1024 + 13 * kPageBytes);
  check_heap();
}

TEST_CASE_FIXTURE(HeapFixture, "a model of many cycles: nothing is lost, nothing lives twice") {
  struct Object {
    unsigned char* memory;
    std::size_t bytes;
    unsigned char fill;
  };
  gort::base::Random random(3);
  std::vector<Object> objects;
  int wrong = 0;
  const auto add = [&] {
    const std::size_t bytes = random.below(50) == 0  ? 30'000 + random.below(40'000)
                              : random.below(4) == 0 ? 1 + random.below(4000)
                                                     : 16 + random.below(200);
    const auto kind = static_cast<Kind>(random.below(3));
    auto* memory = static_cast<unsigned char*>(allocate(bytes, 8, kind, nullptr));
    for (std::size_t i = 0; i < bytes; ++i) wrong += memory[i] != 0;
    const auto fill = static_cast<unsigned char>(1 + random.below(255));
    std::memset(memory, fill, bytes);
    objects.push_back({memory, bytes, fill});
  };
  for (int cycle = 0; cycle < 12; ++cycle) {
    for (int i = 0; i < 1500; ++i) add();
    start_marking();
    std::vector<Object> kept;
    for (const Object& object : objects) {
      if (random.below(3) == 0) continue;
      mark(object.memory + random.below(static_cast<std::uint32_t>(object.bytes)));
      kept.push_back(object);
    }
    objects = kept;
    for (int i = 0; i < 300; ++i) add();  // black
    if (cycle % 3 == 0) flush(cache());
    start_sweep();
    for (int i = 0; i < 300; ++i) add();
    sweep_some(random.below(40));
    for (int i = 0; i < 300; ++i) add();
    sweep_cached(cache());
    sweep_all();
    check_heap();
    for (const Object& object : objects) {
      wrong += !is_object(object.memory);
      for (std::size_t i = 0; i < object.bytes; ++i) wrong += object.memory[i] != object.fill;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE_FIXTURE(HeapFixture, "the background sweeps while several threads refill") {
  constexpr std::size_t kThreads = 3, kObjects = 4000;
  struct Owner {
    Cache* cache = new_cache();
    std::vector<unsigned char*> kept;
  };
  std::vector<Owner> owners(kThreads);
  std::atomic<int> wrong{0};
  for (int cycle = 0; cycle < 8; ++cycle) {
    std::vector<std::thread> threads;
    std::thread background([] {
      while (sweep_some(1)) std::this_thread::yield();
    });
    for (Owner& owner : owners) {
      threads.emplace_back([&] {
        for (std::size_t i = 0; i < kObjects; ++i) {
          const std::size_t bytes = 16 + i % 13 * 48;
          auto* object = static_cast<unsigned char*>(
              allocate_from(*owner.cache, bytes, 8, i % 2 ? Kind::scan : Kind::noscan, nullptr));
          wrong += object[0] != 0 || object[bytes - 1] != 0;
          object[0] = object[bytes - 1] = static_cast<unsigned char>(i | 1);
          if (i % 3 == 0) owner.kept.push_back(object);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    background.join();
    start_marking();
    for (Owner& owner : owners) {
      std::vector<unsigned char*> kept;
      for (std::size_t i = cycle % 2; i < owner.kept.size(); i += 2) kept.push_back(owner.kept[i]);
      owner.kept = kept;
      for (unsigned char* object : kept) {
        wrong += object[0] == 0;
        mark(object);
      }
    }
    start_sweep();
  }
  CHECK(wrong == 0);
  for (Owner& owner : owners) flush(*owner.cache);
  sweep_cached(cache());
  sweep_all();
  check_heap();
}
