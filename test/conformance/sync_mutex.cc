// mutex and rw_mutex: exclusion, try, fairness, C++ lock types (Go's sync mutex_test and
// rwmutex_test).
//
// Not here: misuse, which is fatal (test/crash); exclusion of ordinary threads
// (scheduler_threads.cc).

#include <gort/sync.hpp>

#include "support.h"

#include <mutex>
#include <shared_mutex>
#include <vector>

using namespace conformance;
using gort::chan;
using gort::make;

TEST_CASE("ten goroutines that lock, and every third time try, exclude each other") {  // 58
  NoGoroutineLeft leak;
  gort::mutex m;
  long counter = 0;
  std::atomic<long> expected{0};
  const int rounds = scaled(1'000);
  gort::wait_group all;
  for (int g = 0; g < 10; ++g) {
    all.go([&] {
      for (int i = 0; i < rounds; ++i) {
        if (i % 3 == 0) {
          if (!m.try_lock()) continue;
        } else {
          m.lock();
        }
        ++counter;
        ++expected;
        if (i % 64 == 0) gort::yield();
        m.unlock();
      }
    });
  }
  all.wait();
  CHECK(counter == expected.load());
  CHECK(m.try_lock());
  CHECK_FALSE(m.try_lock());
  m.unlock();
}

TEST_CASE("a goroutine gets the mutex from one that holds it nearly always") {  // 58 (fairness)
  NoGoroutineLeft leak;
  gort::mutex m;
  std::atomic<bool> stop{false};
  gort::wait_group holder;
  holder.go([&] {
    while (!stop.load()) {
      m.lock();
      gort::sleep(100us);
      m.unlock();
    }
  });
  std::atomic<int> got{0};
  Started other([&] {
    for (int i = 0; i < 10; ++i) {
      gort::sleep(100us);
      m.lock();
      m.unlock();
      ++got;
    }
  });
  CHECK(other.ends());
  CHECK(got.load() == 10);
  stop = true;
  holder.wait();
}

TEST_CASE("a waiter that was parked for long gets the mutex handed over") {  // 35
  NoGoroutineLeft leak;
  gort::mutex m;
  std::atomic<bool> stop{false};
  std::atomic<int> got{0};
  gort::wait_group all;
  // Lockers that never leave a gap longer than an instruction or two, against parked waiters.
  for (int i = 0; i < 2; ++i) {
    all.go([&] {
      while (!stop.load()) {
        m.lock();
        gort::yield();
        m.unlock();
      }
    });
  }
  for (int i = 0; i < 5; ++i) {
    all.go([&] {
      for (int n = 0; n < 10; ++n) {
        std::lock_guard lock(m);
        ++got;
      }
    });
  }
  CHECK(eventually([&] { return got.load() == 50; }));
  stop = true;
  all.wait();
}

TEST_CASE("a mutex works with every lock type of the standard library") {
  NoGoroutineLeft leak;
  gort::mutex a;
  gort::mutex b;
  int value = 0;
  gort::wait_group all;
  for (int g = 0; g < 4; ++g) {
    all.go([&, g] {
      for (int i = 0; i < 100; ++i) {
        if (g % 2 == 0) {
          std::scoped_lock both(a, b);
          ++value;
          if (i % 10 == 0) gort::yield();
        } else {
          std::unique_lock second(b, std::defer_lock);
          std::unique_lock first(a, std::defer_lock);
          std::lock(second, first);
          ++value;
        }
      }
    });
  }
  all.wait();
  CHECK(value == 400);
  std::unique_lock lock(a, std::try_to_lock);
  CHECK(lock.owns_lock());
  CHECK_FALSE(a.try_lock());
  lock.unlock();
  CHECK(a.try_lock());
  a.unlock();
}

TEST_CASE("a mutex may be unlocked by another goroutine than the one that locked it") {
  NoGoroutineLeft leak;
  gort::mutex m;
  m.lock();
  gort::go([&] {
    gort::sleep(1ms);
    m.unlock();
  });
  m.lock();
  m.unlock();
}

TEST_CASE("lock with a context gives up when it is done, and leaves the mutex usable") {
  NoGoroutineLeft leak;
  gort::mutex m;
  m.lock();
  auto [ctx, cancel] = gort::with_timeout(gort::background(), 5ms);
  bool thrown = false;
  try {
    m.lock(ctx);
  } catch (const gort::context_error&) {
    thrown = true;
  }
  CHECK(thrown);
  m.unlock();
  m.lock(gort::background());
  m.unlock();
  cancel();
}

namespace {

// Go's HammerRWMutex: readers add 1, writers 10000 to a counter of who is inside.
void hammer(int processors, int readers, int rounds) {
  Processors n(processors);
  gort::rw_mutex m;
  std::atomic<int> inside{0};
  std::atomic<int> wrong{0};
  gort::wait_group all;
  auto read = [&] {
    for (int i = 0; i < rounds; ++i) {
      m.lock_shared();
      const int now = inside.fetch_add(1) + 1;
      wrong += now < 1 || now >= 10'000;
      for (int spin = 0; spin < 100; ++spin) asm volatile("");
      if (i % 50 == 0) gort::yield();
      --inside;
      m.unlock_shared();
    }
  };
  auto write = [&] {
    for (int i = 0; i < rounds; ++i) {
      m.lock();
      wrong += inside.fetch_add(10'000) != 0;
      for (int spin = 0; spin < 100; ++spin) asm volatile("");
      if (i % 50 == 0) gort::yield();
      inside -= 10'000;
      m.unlock();
    }
  };
  all.go(write);
  for (int i = 0; i < readers / 2; ++i) all.go(read);
  all.go(write);
  for (int i = readers / 2; i < readers; ++i) all.go(read);
  all.wait();
  CHECK(inside.load() == 0);
  CHECK(wrong.load() == 0);
}

}  // namespace

TEST_CASE("a writer of a rw_mutex is never inside with anybody else") {  // 58
  NoGoroutineLeft leak;
  for (int processors : {1, 4, 10}) {
    for (int readers : {1, 3, 5, 10}) hammer(processors, readers, scaled(1'000));
  }
}

TEST_CASE("four readers hold a rw_mutex at once") {  // 58
  NoGoroutineLeft leak;
  gort::rw_mutex m;
  auto inside = make<chan<bool>>();
  auto leave = make<chan<bool>>();
  for (int i = 0; i < 4; ++i) {
    gort::go([&, inside, leave] {
      std::shared_lock lock(m);
      inside.send(true);
      (void)leave.recv();
    });
  }
  for (int i = 0; i < 4; ++i) CHECK(inside.recv() == true);
  CHECK_FALSE(m.try_lock());
  CHECK(m.try_lock_shared());
  m.unlock_shared();
  leave.close();
  m.lock();
  CHECK_FALSE(m.try_lock_shared());
  m.unlock();
}

TEST_CASE("a waiting writer keeps new readers out") {  // 58
  NoGoroutineLeft leak;
  gort::rw_mutex m;
  m.lock_shared();
  std::atomic<bool> written{false};
  Started writer([&] {
    std::unique_lock lock(m);
    written = true;
  });
  CHECK(writer.blocks());
  CHECK_FALSE(m.try_lock_shared());
  Started reader([&] {
    std::shared_lock lock(m);
    CHECK(written.load());
  });
  CHECK(reader.blocks());
  m.unlock_shared();
  CHECK(writer.ends());
  CHECK(reader.ends());
}

TEST_CASE("the waiting calls of a rw_mutex give up with their context and leave it usable") {
  NoGoroutineLeft leak;
  gort::rw_mutex m;
  auto gives_up = [&](auto call) {
    auto [ctx, cancel] = gort::with_timeout(gort::background(), 5ms);
    try {
      call(ctx);
    } catch (const gort::context_error&) {
      cancel();
      return true;
    }
    cancel();
    return false;
  };
  m.lock();
  CHECK(gives_up([&](auto ctx) { m.lock(ctx); }));
  CHECK(gives_up([&](auto ctx) { m.lock_shared(ctx); }));
  m.unlock();
  m.lock_shared();
  CHECK(gives_up([&](auto ctx) { m.lock(ctx); }));
  // The writer that gave up must not keep readers out.
  CHECK(m.try_lock_shared());
  m.unlock_shared();
  m.unlock_shared();
  m.lock();
  m.unlock();
}
