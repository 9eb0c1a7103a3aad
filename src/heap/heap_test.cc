// The heap's door: memory given back by hand, from one thread, several, and none that is known.
//
// Not here: collected objects (cache_test.cc, sweep_test.cc); exhaustion, which ends the process
// (test/crash).
#include "heap/heap.h"

#include <algorithm>
#include <cstring>
#include <thread>
#include <vector>

#include "base/random.h"
#include "heap/heap_fixture.h"

// base/ leaves it to the scheduler to define; here there is none.
namespace gort::sched {
struct alignas(64) Thread : base::ThreadFront {};
extern "C" {
Thread gort_unattached_thread;
}
}  // namespace gort::sched

using namespace gort::heap;

TEST_CASE_FIXTURE(HeapFixture,
                  "bodies of all sizes and alignments are aligned and do not overlap") {
  struct Block {
    unsigned char* body;
    std::size_t bytes;
    unsigned char fill;
  };
  std::vector<Block> blocks;
  unsigned char fill = 0;
  for (std::size_t align = 1; align <= 4096; align *= 2) {
    for (std::size_t bytes : {1u, 8u, 63u, 64u, 65u, 128u, 1000u, 5000u, 50'000u}) {
      auto* body = static_cast<unsigned char*>(allocate(bytes, align));
      CHECK(reinterpret_cast<std::uintptr_t>(body) % align == 0);
      std::memset(body, ++fill, bytes);
      blocks.push_back({body, bytes, fill});
    }
  }
  int wrong = 0;
  for (const Block& block : blocks) {
    for (std::size_t i = 0; i < block.bytes; ++i) wrong += block.body[i] != block.fill;
    release(block.body);
  }
  CHECK(wrong == 0);
}

TEST_CASE_FIXTURE(HeapFixture, "a body given back is the next one handed out") {
  void* body = allocate(200, 64);
  release(body);
  CHECK(allocate(200, 64) == body);
  release(body);
}

TEST_CASE_FIXTURE(HeapFixture, "collections leave manual memory alone") {
  void* body = allocate(100, 16);
  std::memset(body, 0x5a, 100);
  collect({});
  collect({});
  CHECK(static_cast<unsigned char*>(body)[99] == 0x5a);
  release(body);
}

TEST_CASE_FIXTURE(HeapFixture,
                  "each allocation counts for itself how often a collection was in vain") {
  void* body = allocate(100, 16);  // so the whole arena is no more to be had
  const std::size_t whole = bounds.bytes;
  for (int i = 0; i < 2; ++i) {
    CHECK_THROWS_AS(allocate(whole, 16, Kind::noscan, nullptr), RecordingCollector::Exhausted);
    CHECK_THROWS_AS(allocate(whole, 16), RecordingCollector::Exhausted);
  }
  CHECK(collector.attempts == std::vector<unsigned>{0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2});
  release(body);
}

TEST_CASE_FIXTURE(HeapFixture, "many bodies given back return their spans") {
  std::vector<void*> bodies;
  for (int i = 0; i < 50'000; ++i) bodies.push_back(allocate(96, 16));
  const std::size_t spans = spans_in_use();
  for (void* body : bodies) release(body);
  CHECK(spans_in_use() < spans / 8);
  flush(cache());
  check_heap();
}

TEST_CASE_FIXTURE(HeapFixture, "threads that nobody knows share a cache") {
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([] {
      std::vector<void*> bodies;
      for (int i = 0; i < 3000; ++i) {
        bodies.push_back(allocate(80, 16, false));
        std::memset(bodies.back(), i, 80);
      }
      for (void* body : bodies) release(body, false);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_CASE_FIXTURE(HeapFixture, "bodies are handed from thread to thread and freed by another") {
  constexpr int kThreads = 3, kRounds = 20, kBodies = 2000;
  std::vector<std::vector<unsigned char*>> exchange(kThreads);
  std::atomic<int> wrong{0};
  std::vector<Cache*> caches;
  for (int i = 0; i < kThreads; ++i) caches.push_back(new_cache());
  for (int round = 0; round < kRounds; ++round) {
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        gort::sched::Thread self;
        self.cache = caches[static_cast<std::size_t>(t)];
        gort::base::set_current_thread(&self);
        auto& mine = exchange[static_cast<std::size_t>(t)];
        for (unsigned char* body : mine) {  // made by a neighbour, in the round before
          wrong += body[0] != body[79];
          release(body);
        }
        mine.clear();
        for (int i = 0; i < kBodies; ++i) {
          auto* body = static_cast<unsigned char*>(allocate(80, 16));
          std::memset(body, i, 80);
          mine.push_back(body);
          allocate(48, 8, Kind::scan, nullptr);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    std::rotate(exchange.begin(), exchange.begin() + 1, exchange.end());
    check_heap();
  }
  CHECK(wrong == 0);
  for (auto& bodies : exchange) {
    for (unsigned char* body : bodies) release(body);
  }
  for (Cache* cache : caches) flush(*cache);
}
