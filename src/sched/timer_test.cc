// Tests of the timer heap: alone, by hand, against a model that is a std::multimap.
//
// A heap is filled and run by hand here, with times of our own: no clock, no processor, no waiting.
// Only [M2], that remove_timer waits for a callback that is running, needs threads; those are
// attached first, so that the heap's lock is a real one, and attached outside any section, since
// attaching stops the world.
// Not here: sleeping and the public timers (sync/timers_test.cc).
#include "sched/timer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "sched/sched.h"

namespace {

using gort::base::kNever;
using gort::sched::Timer;
using gort::sched::TimerHeap;

// A timer that notes when it fired.
struct Noted : Timer {
  explicit Noted(std::int64_t when = 0) {
    when_ns = when;
    fire = [](Timer* timer, std::int64_t now_ns) -> std::int64_t {
      auto* self = static_cast<Noted*>(timer);
      self->fired_at.push_back(now_ns);
      if (self->order != nullptr) self->order->push_back(self);
      return self->again_ns == 0 ? 0 : now_ns + self->again_ns;
    };
  }
  std::int64_t again_ns = 0;
  std::vector<std::int64_t> fired_at;
  std::vector<Noted*>* order = nullptr;
};

}  // namespace

TEST_CASE("a timer fires when its time has come, once, and not before") {
  TimerHeap heap;
  CHECK(heap.next_ns() == kNever);
  Noted timer(100);
  heap.add(&timer);
  CHECK(heap.next_ns() == 100);
  CHECK_FALSE(heap.run_due(99));
  CHECK(heap.run_due(100));
  CHECK_FALSE(heap.run_due(1'000));
  CHECK(timer.fired_at == std::vector<std::int64_t>{100});
  CHECK(heap.next_ns() == kNever);
  CHECK_FALSE(heap.remove(&timer));
}

TEST_CASE("a removed timer does not fire and is free to be added again") {
  TimerHeap heap;
  TimerHeap other;
  Noted timer(10);
  CHECK_FALSE(heap.remove(&timer));
  CHECK_FALSE(gort::sched::remove_timer(&timer));  // it never was anywhere
  heap.add(&timer);
  CHECK_FALSE(other.remove(&timer));
  CHECK(heap.remove(&timer));
  CHECK_FALSE(heap.remove(&timer));
  CHECK_FALSE(heap.run_due(20));
  timer.when_ns = 30;
  heap.add(&timer);
  CHECK(gort::sched::remove_timer(&timer));
  timer.when_ns = 40;
  other.add(&timer);
  CHECK(other.run_due(40));
  CHECK(timer.fired_at == std::vector<std::int64_t>{40});
}

TEST_CASE("due timers fire in the order of their times") {
  TimerHeap heap;
  std::mt19937_64 random(1);
  std::vector<std::unique_ptr<Noted>> timers;
  std::vector<Noted*> order;
  for (int i = 0; i < 1'000; ++i) {
    timers.push_back(std::make_unique<Noted>(static_cast<std::int64_t>(random() % 500)));
    timers.back()->order = &order;
    heap.add(timers.back().get());
  }
  CHECK(heap.check_invariants());
  CHECK(heap.run_due(499));
  CHECK(order.size() == timers.size());
  CHECK(std::is_sorted(order.begin(), order.end(),
                       [](Noted* a, Noted* b) { return a->when_ns < b->when_ns; }));
}

TEST_CASE("random additions, removals and runs do what a multimap does") {
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937_64 random(seed);
    auto below = [&](std::int64_t n) {
      return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
    };
    TimerHeap heap;
    std::vector<std::unique_ptr<Noted>> timers;
    for (int i = 0; i < 200; ++i) timers.push_back(std::make_unique<Noted>());
    std::multimap<std::int64_t, Noted*> model;
    std::int64_t now = 0;
    int wrong = 0;
    for (int step = 0; step < 5'000; ++step) {
      Noted* timer = timers[random() % timers.size()].get();
      const auto queued = std::find_if(model.begin(), model.end(),
                                       [&](const auto& entry) { return entry.second == timer; });
      if (below(20) == 0) {
        now += below(200);
        const bool due = !model.empty() && model.begin()->first <= now;
        wrong += heap.run_due(now) != due;
        const auto end = model.upper_bound(now);
        for (auto it = model.begin(); it != end; ++it) {
          wrong += it->second->fired_at != std::vector<std::int64_t>{now};
          it->second->fired_at.clear();
        }
        model.erase(model.begin(), end);
      } else if (queued != model.end()) {
        wrong += !heap.remove(timer);
        model.erase(queued);
      } else {
        timer->when_ns = now - 50 + below(1'000);
        model.emplace(timer->when_ns, timer);
        heap.add(timer);
      }
      wrong += heap.next_ns() != (model.empty() ? kNever : model.begin()->first);
      if (step % 16 == 0) wrong += !heap.check_invariants();
    }
    for (const auto& timer : timers) wrong += !timer->fired_at.empty();
    CHECK(wrong == 0);
  }
}

TEST_CASE("a callback that returns a time fires again then") {
  TimerHeap heap;
  Noted periodic(10);
  periodic.again_ns = 10;
  Noted once(25);
  heap.add(&periodic);
  heap.add(&once);
  for (std::int64_t now = 0; now <= 40; ++now) heap.run_due(now);
  CHECK(periodic.fired_at == std::vector<std::int64_t>{10, 20, 30, 40});
  CHECK(once.fired_at == std::vector<std::int64_t>{25});
  CHECK(heap.check_invariants());
  CHECK(heap.remove(&periodic));
  CHECK_FALSE(heap.run_due(1'000));
}

TEST_CASE("a callback may add and remove other timers") {
  struct Pair : Timer {
    TimerHeap* heap;
    Timer* to_add;
    Timer* to_remove;
  };
  TimerHeap heap;
  Noted added(5);
  Noted removed(10);
  Pair first;
  first.when_ns = 10;
  first.heap = &heap;
  first.to_add = &added;
  first.to_remove = &removed;
  first.fire = [](Timer* timer, std::int64_t) -> std::int64_t {
    auto* self = static_cast<Pair*>(timer);
    self->heap->add(self->to_add);
    CHECK(self->heap->remove(self->to_remove));
    return 0;
  };
  heap.add(&first);
  heap.add(&removed);
  CHECK(heap.run_due(10));
  CHECK(added.fired_at == std::vector<std::int64_t>{10});
  CHECK(removed.fired_at.empty());
}

TEST_CASE("a fire-and-forget timer is its owner's again while its callback runs") {
  TimerHeap heap;
  auto* timer = new Noted(10);
  timer->fire_and_forget = true;
  timer->fire = [](Timer* fired, std::int64_t) -> std::int64_t {
    delete static_cast<Noted*>(fired);
    return 0;
  };
  heap.add(timer);
  CHECK(heap.run_due(10));
  CHECK(heap.check_invariants());
}

TEST_CASE("all timers of a heap can be moved to another, or forgotten") {
  TimerHeap from;
  TimerHeap to;
  std::vector<std::unique_ptr<Noted>> timers;
  for (int i = 0; i < 100; ++i) {
    timers.push_back(std::make_unique<Noted>(i));
    (i % 3 == 0 ? to : from).add(timers.back().get());
  }
  from.move_all(&to);
  CHECK(from.next_ns() == kNever);
  CHECK(from.check_invariants());
  CHECK(to.check_invariants());
  CHECK(to.remove(timers[1].get()));
  CHECK(to.run_due(49));
  int fired = 0;
  for (const auto& timer : timers) fired += static_cast<int>(timer->fired_at.size());
  CHECK(fired == 49);
  to.forget_users();
  CHECK(to.next_ns() == kNever);
  CHECK_FALSE(to.has_users());
  CHECK_FALSE(gort::sched::remove_timer(timers[99].get()));
}

TEST_CASE("a heap knows which timers are the runtime's own, and keeps those") {
  TimerHeap heap;
  std::vector<std::unique_ptr<Noted>> timers;
  for (int i = 0; i < 20; ++i) {
    timers.push_back(std::make_unique<Noted>(i));
    timers.back()->system = i % 4 == 0;
    heap.add(timers.back().get());
  }
  CHECK(heap.has_users());
  heap.forget_users();
  CHECK_FALSE(heap.has_users());
  CHECK(heap.check_invariants());
  CHECK_FALSE(gort::sched::remove_timer(timers[1].get()));
  CHECK(heap.remove(timers[4].get()));
  CHECK(heap.run_due(100));
  CHECK(timers[0]->fired_at.size() == 1);
  CHECK(timers[4]->fired_at.empty());
  CHECK(timers[16]->fired_at.size() == 1);
  CHECK(heap.next_ns() == kNever);
}

TEST_CASE("remove_timer returns only when the callback is not running") {  // [M2]
  struct Slow : Timer {
    std::atomic<bool> running{false};
    std::atomic<bool> go_on{false};
    int written = 0;  // plain: the callback's write must be visible to the remover
  };
  TimerHeap heap;
  Slow slow;
  slow.when_ns = 1;
  slow.fire = [](Timer* timer, std::int64_t) -> std::int64_t {
    auto* self = static_cast<Slow*>(timer);
    self->running = true;
    while (!self->go_on) std::this_thread::yield();
    self->written = 42;
    return 0;
  };
  heap.add(&slow);
  std::atomic<int> attached{0};
  std::atomic<bool> removing{false};
  std::atomic<bool> removed{false};
  auto attach = [&] {
    { gort::sched::Section section; }
    ++attached;
    while (attached != 2) std::this_thread::yield();
  };
  std::thread runner([&] {
    attach();
    gort::sched::Section section;
    heap.run_due(1);
  });
  std::thread remover([&] {
    attach();
    while (!slow.running) std::this_thread::yield();
    gort::sched::Section section;
    removing = true;
    CHECK_FALSE(gort::sched::remove_timer(&slow));
    CHECK(slow.written == 42);
    removed = true;
  });
  while (!removing) std::this_thread::yield();
  for (int i = 0; i < 100; ++i) std::this_thread::yield();
  CHECK_FALSE(removed);
  slow.go_on = true;
  runner.join();
  remover.join();
  CHECK(removed);
}
