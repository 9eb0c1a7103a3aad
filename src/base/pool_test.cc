// Tests of record pools: every record has one owner and none is forgotten.
//
// Not here: goroutines' life cycle on top of it (sched/spawn.cc).
#include "base/pool.h"

#include <doctest/doctest.h>

#include <set>
#include <thread>
#include <vector>

namespace {

struct alignas(64) Record {
  Record* next = nullptr;
  int value = 7;
};
using RecordPool = gort::base::Pool<Record>;

std::vector<Record*> as_vector(Record* chain) {
  std::vector<Record*> records;
  for (; chain != nullptr; chain = chain->next) records.push_back(chain);
  return records;
}

int count(RecordPool& pool) {
  int records = 0;
  pool.for_each([&](Record&) { ++records; });
  return records;
}

}  // namespace

TEST_CASE("acquire gives constructed records that nobody else has") {
  static RecordPool& pool = *new RecordPool;  // never destroyed, as in the runtime
  std::set<Record*> all;
  for (int batch = 0; batch < 10; ++batch) {
    std::size_t taken = 0;
    const auto records = as_vector(pool.acquire(64, taken));
    CHECK(taken == 64);
    CHECK(records.size() == 64);
    for (Record* record : records) {
      CHECK(record->value == 7);
      CHECK(reinterpret_cast<std::uintptr_t>(record) % alignof(Record) == 0);
      all.insert(record);
    }
  }
  CHECK(all.size() == 640);
  CHECK(count(pool) == 640);
}

TEST_CASE("released records are used again before new ones are made") {
  static RecordPool& pool = *new RecordPool;  // never destroyed, as in the runtime
  std::size_t taken = 0;
  Record* chain = pool.acquire(10, taken);
  const auto records = as_vector(chain);
  records[3]->value = 8;  // what is in a record stays: only carving constructs
  pool.release(chain);
  Record* again = pool.acquire(10, taken);
  const auto second = as_vector(again);
  CHECK(std::set<Record*>(second.begin(), second.end()) ==
        std::set<Record*>(records.begin(), records.end()));
  CHECK(records[3]->value == 8);
  CHECK(count(pool) == 10);
}

TEST_CASE("all records are found by walking, over the end of a slab") {
  static RecordPool& pool = *new RecordPool;  // never destroyed, as in the runtime
  const std::size_t wanted = RecordPool::kRecordsPerSlab + 5;
  std::size_t taken = 0;
  Record* chain = pool.acquire(wanted, taken);
  CHECK(taken == wanted);
  std::set<Record*> visited;
  pool.for_each([&](Record& record) { visited.insert(&record); });
  CHECK(visited.size() == wanted);
  pool.release(chain);
  CHECK(count(pool) == static_cast<int>(wanted));  // free ones too
}

TEST_CASE("visit_some covers everything once in pieces") {
  static RecordPool& pool = *new RecordPool;  // never destroyed, as in the runtime
  bool more = pool.visit_some(0, 10, [](Record&) { CHECK(false); });
  CHECK_FALSE(more);
  std::size_t taken = 0;
  const std::size_t wanted = RecordPool::kRecordsPerSlab + 100;
  pool.acquire(wanted, taken);
  std::multiset<Record*> visited;
  std::size_t first = 0;
  do {
    more = pool.visit_some(first, 1'000, [&](Record& record) { visited.insert(&record); });
    first += 1'000;
  } while (more);
  CHECK(visited.size() == wanted);
  CHECK(std::set<Record*>(visited.begin(), visited.end()).size() == wanted);
}

TEST_CASE("threads that share a pool never have the same record") {
  static RecordPool& pool = *new RecordPool;  // never destroyed, as in the runtime
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 1; t <= 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) {
        std::size_t taken = 0;
        Record* chain = pool.acquire(8, taken);
        for (Record* record = chain; record != nullptr; record = record->next) record->value = t;
        std::this_thread::yield();
        for (Record* record = chain; record != nullptr; record = record->next) {
          wrong += record->value != t;
        }
        pool.release(chain);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(count(pool) <= 32);
}
