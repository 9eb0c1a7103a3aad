// cond, wait_group, once, once_value, semaphore, pool: who is woken, in which order, and how often
// things run.
//
// Not here: mutex and rw_mutex (sync_mutex.cc), errgroup and singleflight (sync_groups.cc).

#include <gort/sync.hpp>

#include "support.h"

#include <mutex>
#include <stdexcept>
#include <vector>

using namespace conformance;
using gort::chan;
using gort::make;

TEST_CASE("a hundred waiters signalled one by one wake in the order in which they came") {  // 58
  NoGoroutineLeft leak;
  gort::mutex m;
  gort::cond c;
  constexpr int kWaiters = 100;
  int waiting = 0;
  std::vector<int> order;
  for (int i = 0; i < kWaiters; ++i) {
    gort::go([&, i] {
      std::unique_lock lock(m);
      ++waiting;
      c.wait(lock);
      order.push_back(i);
    });
    CHECK(eventually([&] {
      std::lock_guard lock(m);
      return waiting == i + 1;
    }));
  }
  for (int i = 0; i < kWaiters; ++i) {
    m.lock();
    c.notify_one();
    m.unlock();
    CHECK(eventually([&] {
      std::lock_guard lock(m);
      return order.size() == static_cast<std::size_t>(i) + 1;
    }));
  }
  int wrong = 0;
  for (int i = 0; i < kWaiters; ++i) wrong += order[static_cast<std::size_t>(i)] != i;
  CHECK(wrong == 0);
}

TEST_CASE("a broadcast wakes all two hundred waiters, a signal without waiters is lost") {  // 58
  NoGoroutineLeft leak;
  gort::mutex m;
  gort::cond c;
  int waiting = 0;
  std::atomic<int> woken{0};
  c.notify_one();
  c.notify_all();
  for (int i = 0; i < 200; ++i) {
    gort::go([&] {
      std::unique_lock lock(m);
      ++waiting;
      c.wait(lock);
      ++woken;
    });
  }
  CHECK(eventually([&] {
    std::lock_guard lock(m);
    return waiting == 200;
  }));
  CHECK(woken.load() == 0);
  {
    std::lock_guard lock(m);
    c.notify_all();
  }
  CHECK(eventually([&] { return woken.load() == 200; }));
}

TEST_CASE("wait_group waits until its counter is zero and may be used again") {  // 58
  NoGoroutineLeft leak;
  gort::wait_group group;
  group.wait();  // at zero it does not wait
  for (int round = 0; round < 8; ++round) {
    std::atomic<int> ended{0};
    group.add(16);
    auto hold = make<chan<bool>>();
    for (int i = 0; i < 16; ++i) {
      gort::go([&, hold] {
        (void)hold.recv();
        ++ended;
        group.done();
      });
    }
    Started waiter([&] { group.wait(); });
    if (round == 0) CHECK(waiter.blocks());
    CHECK(ended.load() == 0);
    hold.close();
    CHECK(waiter.ends());
    CHECK(ended.load() == 16);
  }
}

TEST_CASE("wait returns only at zero, a thousand times with two goroutines") {  // 58
  NoGoroutineLeft leak;
  const int rounds = scaled(1'000);
  int early = 0;
  for (int i = 0; i < rounds; ++i) {
    gort::wait_group group;
    std::atomic<int> n{0};
    group.add(1);
    gort::go([&] {
      ++n;
      group.done();
    });
    group.go([&] { ++n; });
    group.wait();
    early += n.load() != 2;
  }
  CHECK(early == 0);
}

TEST_CASE("several goroutines wait on one wait_group, and a context ends the wait") {
  NoGoroutineLeft leak;
  gort::wait_group group;
  group.add(1);
  std::atomic<int> through{0};
  gort::wait_group waiters;
  for (int i = 0; i < 5; ++i) {
    waiters.go([&] {
      group.wait();
      ++through;
    });
  }
  auto [ctx, cancel] = gort::with_timeout(gort::background(), 5ms);
  bool thrown = false;
  try {
    group.wait(ctx);
  } catch (const gort::context_error&) {
    thrown = true;
  }
  CHECK(thrown);
  CHECK(through.load() == 0);
  group.done();
  waiters.wait();
  CHECK(through.load() == 5);
  cancel();
}

TEST_CASE("once runs its function once, and all callers see that it has run") {  // 58
  NoGoroutineLeft leak;
  gort::once once;
  int runs = 0;
  std::atomic<int> wrong{0};
  gort::wait_group all;
  for (int i = 0; i < 20; ++i) {
    all.go([&] {
      once.call([&] {
        gort::sleep(1ms);
        ++runs;
      });
      wrong += runs != 1;
    });
  }
  all.wait();
  CHECK(runs == 1);
  CHECK(wrong.load() == 0);
}

TEST_CASE("a once whose function threw never runs again") {  // 58
  gort::once once;
  CHECK(thrown_by<std::logic_error>([&] { once.call([] { throw std::logic_error("first"); }); }) ==
        "first");
  bool again = false;
  once.call([&] { again = true; });
  CHECK_FALSE(again);
}

TEST_CASE("once_value computes once and gives everybody its value, or its exception") {  // 58
  NoGoroutineLeft leak;
  std::atomic<int> runs{0};
  auto value = gort::once_value([&] {
    gort::sleep(1ms);
    ++runs;
    return std::make_shared<int>(7);
  });
  gort::wait_group all;
  std::atomic<int> wrong{0};
  for (int i = 0; i < 10; ++i) all.go([&] { wrong += *value() != 7; });
  all.wait();
  CHECK(runs.load() == 1);
  CHECK(wrong.load() == 0);
  std::atomic<int> failures{0};
  auto failing = gort::once_value([&]() -> int {
    ++failures;
    throw std::logic_error("always");
  });
  for (int i = 0; i < 3; ++i) {
    CHECK(thrown_by<std::logic_error>([&] { (void)failing(); }) == "always");
  }
  CHECK(failures.load() == 1);
  auto odd = gort::once_value([]() -> int { throw 42; });  // no std::exception
  int caught = 0;
  for (int i = 0; i < 2; ++i) {
    try {
      (void)odd();
    } catch (int value) {
      caught += value;
    }
  }
  CHECK(caught == 84);
}

TEST_CASE("a weighted semaphore never gives out more than it has") {
  NoGoroutineLeft leak;
  constexpr int kSize = 10;
  gort::semaphore s(kSize);
  std::atomic<int> out{0};
  std::atomic<int> wrong{0};
  gort::wait_group all;
  for (int g = 0; g < 20; ++g) {
    all.go([&, g] {
      for (int i = 0; i < scaled(200); ++i) {
        const int n = 1 + (g * 7 + i * 3) % kSize;
        s.acquire(n);
        wrong += out.fetch_add(n) + n > kSize;
        if (i % 5 == 0) gort::yield();
        out -= n;
        s.release(n);
      }
    });
  }
  all.wait();
  CHECK(wrong.load() == 0);
  CHECK(s.try_acquire(kSize));
  CHECK_FALSE(s.try_acquire(1));
  s.release(kSize);
}

TEST_CASE("a large request of a semaphore is not overtaken by small ones") {
  NoGoroutineLeft leak;
  gort::semaphore s(4);
  s.acquire(1);
  Started large([&] {
    s.acquire(4);
    s.release(4);
  });
  CHECK(large.blocks());
  CHECK_FALSE(s.try_acquire(1));
  Started small([&] {
    s.acquire(1);
    s.release(1);
  });
  CHECK(small.blocks());
  s.release(1);
  CHECK(large.ends());
  CHECK(small.ends());
}

TEST_CASE("a semaphore wait ends with its context and lets those behind it through") {
  NoGoroutineLeft leak;
  gort::semaphore s(2);
  s.acquire(1);
  auto [ctx, cancel] = gort::with_cancel(gort::background());
  Started large([&, ctx = ctx] {
    bool thrown = false;
    try {
      s.acquire(2, ctx);
    } catch (const gort::context_error&) {
      thrown = true;
    }
    CHECK(thrown);
  });
  CHECK(large.blocks());
  Started small([&] { s.acquire(1); });
  CHECK(small.blocks());
  cancel();
  CHECK(large.ends());
  CHECK(small.ends());
  s.release(2);
}

TEST_CASE("a pool gives back what was put into it, and else makes or has nothing") {
  gort::pool<std::string> with_new([] { return std::string("fresh"); });
  CHECK(with_new.get() == "fresh");
  for (int i = 0; i < 100; ++i) with_new.put(std::string(50, 'x'));
  int found = 0;
  for (int i = 0; i < 100; ++i) found += with_new.get() != "fresh";
  CHECK(found > 0);
}

TEST_CASE("a pool hands out every value to one goroutine only") {
  NoGoroutineLeft leak;
  gort::pool<std::unique_ptr<int>> pool([] { return std::make_unique<int>(0); });
  std::atomic<int> wrong{0};
  gort::wait_group all;
  for (int g = 0; g < 8; ++g) {
    all.go([&, g] {
      for (int i = 0; i < scaled(2'000); ++i) {
        auto mine = pool.get();
        *mine = g;
        if (i % 10 == 0) gort::yield();
        wrong += *mine != g;
        pool.put(std::move(mine));
      }
    });
  }
  all.wait();
  CHECK(wrong.load() == 0);
}
