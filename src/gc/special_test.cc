// Weak references, cleanups and destructors through the functions that the headers call, and the
// structures behind them.
//
// What is to die is made and dropped on a goroutine of its own, so that nothing of it is left on
// the test's stack; and of many objects most are expected to die, as any word may look like an
// address.

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <gort/detail/gc_core.hpp>
#include <gort/gort.hpp>
#include <gort/heap.hpp>
#include <memory>
#include <vector>

#include "gc/finalize.h"
#include "gc/special.h"
#include "gc/special_table.h"

namespace gort::collector {
namespace {

using namespace std::chrono_literals;

struct Plain {
  std::uint64_t value = 0;
  ptr<Plain> next;
};

template <class F>
void elsewhere(F f) {
  wait_group ended;
  ended.go([&] { f(); });
  ended.wait();
}

template <class Predicate>
bool after_collections(Predicate happened) {
  for (int i = 0; i < 200; ++i) {
    detail::gc();
    for (int j = 0; j < 20; ++j) {
      if (happened()) return true;
      gort::sleep(1ms);
    }
  }
  return false;
}

TEST_CASE("a walk in pieces visits what was in the table before it, though this grows meanwhile") {
  static SpecialTable table;
  constexpr std::uintptr_t kBefore = 50'000;
  const auto enter = [](std::uintptr_t number) {
    auto& shard = table.shard_of(number * 16);
    base::Guard guard(shard.lock);
    Record* const record = table.find_or_make(shard, number * 16);
    if (record->first == nullptr) table.new_cleanup(record);
  };
  for (std::uintptr_t i = 1; i <= kBefore; ++i) enter(i);
  std::vector<bool> visited(kBefore + 1);
  SpecialTable::Cursor cursor;
  std::uintptr_t next = kBefore + 1;
  int pieces = 1;
  for (; table.visit_some(cursor,
                          [&](Record& record) {
                            if (record.object / 16 <= kBefore) visited[record.object / 16] = true;
                          });
       ++pieces) {
    for (int i = 0; i < 2'000; ++i) enter(next++);
  }
  CHECK(pieces > 10);
  CHECK(std::count(visited.begin() + 1, visited.end(), true) == kBefore);
}

TEST_CASE("the table finds, numbers and drops what was put into it, and grows") {
  static SpecialTable table;
  constexpr std::uintptr_t kObjects = 200'000;
  for (std::uintptr_t i = 1; i <= kObjects; ++i) {
    auto& shard = table.shard_of(i * 16);
    base::Guard guard(shard.lock);
    Record* const record = table.find_or_make(shard, i * 16);
    CHECK(table.find_or_make(shard, i * 16) == record);
    table.new_cleanup(record);
    table.new_cleanup(record);
  }
  CHECK(table.records_in_use() == kObjects);
  std::size_t seen = 0;
  table.for_each([&](Record& record) {
    ++seen;
    CHECK(record.first != record.last);
    CHECK(record.first->next == record.last);
    if (record.object % 32 != 0) return;
    while (Cleanup* cleanup = record.first) {
      CHECK(table.cleanup_of(cleanup->number) == cleanup);
      CHECK(table.remove_cleanup(&record, cleanup));
      CHECK_FALSE(table.remove_cleanup(&record, cleanup));
      table.free_cleanup(cleanup);
    }
  });
  CHECK(seen == kObjects);
  CHECK(table.records_in_use() == kObjects / 2);
  auto& shard = table.shard_of(32);
  base::Guard guard(shard.lock);
  CHECK(table.find(shard, 32) == nullptr);
  CHECK(table.find(table.shard_of(16), 16) != nullptr);
}

TEST_CASE("ends are taken in the order in which they were appended, by one worker at a time") {
  static EndQueue queue;
  EndList list;
  CHECK_FALSE(queue.start_running());
  for (std::uintptr_t i = 1; i <= 1'000; ++i) queue.append({nullptr, reinterpret_cast<void*>(i)});
  for (std::uintptr_t i = 1'001; i <= 2'000; ++i) {
    list.append({nullptr, reinterpret_cast<void*>(i)});
  }
  queue.append(list);
  CHECK(list.size() == 0);
  CHECK(queue.size() == 2'000);
  CHECK(queue.start_running());
  CHECK_FALSE(queue.start_running());
  End end;
  std::uintptr_t right = 0;
  for (std::uintptr_t i = 1; i <= 2'000; ++i) {
    CHECK(queue.take(end));
    right += reinterpret_cast<std::uintptr_t>(end.object) == i;
  }
  CHECK(right == 2'000);
  CHECK_FALSE(queue.take(end));
  queue.append({});
  CHECK(queue.start_running());
}

TEST_CASE("an object has one weak cell, which is empty after its death") {
  Plain* const kept = new_<Plain>();
  std::size_t offset = 1;
  void* const cell = detail::weak_cell_of(kept, offset);
  CHECK(offset == 0);
  // No other object ends there: who has the cell on a stack keeps none.
  CHECK(reinterpret_cast<std::uintptr_t>(cell) % alignof(std::max_align_t) != 0);
  CHECK(detail::weak_cell_of(&kept->next, offset) == cell);
  CHECK(offset == offsetof(Plain, next));
  CHECK(detail::weak_lock(cell) == kept);
  CHECK(detail::weak_cell_of(nullptr, offset) == nullptr);
  int outside = 0;
  CHECK_THROWS_AS(detail::weak_cell_of(&outside, offset), runtime_error);

  constexpr int kCount = 100;
  std::vector<ptr<void>> cells(kCount);
  elsewhere([&] {
    for (auto& each : cells) each = detail::weak_cell_of(new_<Plain>(), offset);
  });
  CHECK(after_collections([&] {
    int alive = 0;
    for (auto& each : cells) alive += detail::weak_lock(each.get()) != nullptr;
    return alive <= kCount / 20;
  }));
  CHECK(detail::weak_lock(cell) == kept);
  keep_alive(kept);
}

TEST_CASE("weak references to objects that die do not stay in the table") {
  elsewhere([] {
    std::size_t offset;
    for (int i = 0; i < 10'000; ++i) detail::weak_cell_of(new_<Plain>(), offset);
  });
  CHECK(after_collections([] { return special_table.records_in_use() < 1'000; }));
}

struct Noted {
  std::vector<int>* order;
  int number;
  static void run(void* record) {
    auto* const self = static_cast<Noted*>(record);
    self->order->push_back(self->number);
  }
};

TEST_CASE("an object's cleanups run in the order in which they were added, without the stopped") {
  std::vector<int> order;
  elsewhere([&] {
    Plain* const object = new_<Plain>();
    std::uint64_t numbers[5];
    for (int i = 0; i < 5; ++i) {
      Noted* const record = new_<Noted>();
      *record = {&order, i};
      numbers[i] = detail::add_cleanup(object, record, Noted::run);
      CHECK(numbers[i] != 0);
    }
    CHECK(detail::stop_cleanup(numbers[2]));
    CHECK_FALSE(detail::stop_cleanup(numbers[2]));
    CHECK(detail::stop_cleanup(numbers[4]));
    Noted* const record = new_<Noted>();
    *record = {&order, 5};
    CHECK(detail::add_cleanup(object, record, Noted::run) != numbers[4]);
  });
  CHECK_FALSE(detail::stop_cleanup(0));
  CHECK_FALSE(detail::stop_cleanup(UINT64_MAX));
  CHECK(after_collections([&] { return order.size() == 4; }));
  CHECK(order == std::vector<int>{0, 1, 3, 5});
}

TEST_CASE("a cleanup that would keep its own object is refused") {
  Plain* const object = new_<Plain>();
  ptr<Plain>* const record = new_<ptr<Plain>>();
  *record = object;
  CHECK_THROWS_WITH_AS(detail::add_cleanup(object, record, [](void*) {}),
                       "runtime.AddCleanup: ptr is equal to arg, cleanup will never run",
                       runtime_error);
  int outside = 0;
  CHECK_THROWS_WITH_AS(detail::add_cleanup(&outside, record, [](void*) {}),
                       "runtime.AddCleanup: ptr not in allocated block", runtime_error);
}

struct Ended {
  explicit Ended(std::atomic<int>* count) : counter(count) {}
  ~Ended() { ++*counter; }
  std::atomic<int>* counter;
  ptr<Plain> held;
};

TEST_CASE("a cleanup of an object runs after its destructor, and after those that can reach it") {
  static std::atomic<int> destroyed, early, cleaned;
  destroyed = early = cleaned = 0;
  constexpr int kCount = 100;
  elsewhere([] {
    for (int i = 0; i < kCount; ++i) {
      Ended* const holder = new_<Ended>(&destroyed);
      holder->held = new_<Plain>();
      const auto note = [](int before) {
        early += destroyed < before;
        ++cleaned;
      };
      add_cleanup(holder, note, i / 2);
      add_cleanup(holder->held, note, i / 2);
    }
  });
  CHECK(after_collections([] { return cleaned >= 2 * kCount - 10; }));
  CHECK(destroyed >= kCount - 5);
  CHECK(early == 0);
}

TEST_CASE("an end may sleep, start goroutines and collect; others wait for it meanwhile") {
  std::atomic<int> slept{0};
  elsewhere([&] {
    Plain* const object = new_<Plain>();
    add_cleanup(
        object,
        [](std::atomic<int>* count) {
          gort::sleep(5ms);
          detail::gc();
          wait_group group;
          group.go([count] { ++*count; });
          group.wait();
        },
        &slept);
  });
  CHECK(after_collections([&] { return slept == 1; }));
}

TEST_CASE("ends go on after one that ended the goroutine") {
  static std::atomic<int> reached;
  reached = 0;
  elsewhere([] {
    Plain* const object = new_<Plain>();
    add_cleanup(
        object, [](int) { gort::goexit(); }, 0);
    for (int i = 0; i < 10; ++i)
      add_cleanup(
          object, [](int) { ++reached; }, 0);
  });
  CHECK(after_collections([] { return reached == 10; }));
}

struct Phoenix {
  explicit Phoenix(int n) : number(n) {}
  ~Phoenix();
  int number;
  ptr<Plain> held;
};
ptr<Phoenix> risen;
std::atomic<int> deaths;
Phoenix::~Phoenix() {
  ++deaths;
  risen = this;
}

TEST_CASE("an object that its destructor saved is memory as before, and has no second end") {
  deaths = 0;
  elsewhere([] {
    Phoenix* const phoenix = new_<Phoenix>(7);
    phoenix->held = new_<Plain>();
    phoenix->held->value = 8;
  });
  CHECK(after_collections([] { return deaths == 1; }));
  for (int i = 0; i < 3; ++i) detail::gc();
  CHECK(risen->number == 7);
  CHECK(risen->held->value == 8);
  risen = nullptr;
  for (int i = 0; i < 3; ++i) detail::gc();
  gort::sleep(5ms);
  CHECK(deaths == 1);
}

TEST_CASE("destructors of many objects run once each while the heap is collected") {
  static std::atomic<int> count;
  count = 0;
  constexpr int kCount = 50'000;
  elsewhere([] {
    for (int i = 0; i < kCount; ++i) {
      Ended* const ended = new_<Ended>(&count);
      ended->held = new_<Plain>();
      if (i % 10'000 == 0) detail::gc();
    }
  });
  CHECK(after_collections([] { return count >= kCount - 100; }));
  detail::gc();
  gort::sleep(5ms);
  CHECK(count <= kCount);
}

}  // namespace
}  // namespace gort::collector
