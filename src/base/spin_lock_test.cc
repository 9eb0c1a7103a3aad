// Tests of the short lock: it excludes, and it is elided only where told.
//
// Not here: the races of its users (test/stress, test/sim).
#include "base/spin_lock.h"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

using gort::base::ElidedLock;
using gort::base::Guard;
using gort::base::SpinLock;

TEST_CASE("a spin lock is free, taken, and free again") {
  SpinLock lock;
  CHECK_FALSE(lock.is_locked());
  {
    Guard guard(lock);
    CHECK(lock.is_locked());
    CHECK_FALSE(lock.try_lock());
  }
  CHECK(lock.try_lock());
  CHECK(lock.is_locked());
  lock.unlock();
  CHECK_FALSE(lock.is_locked());
}

template <class Lock>
static int count_together() {
  Lock lock;
  int count = 0;  // plain: a lost update, or the race detector, would tell
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20'000; ++i) {
        Guard guard(lock);
        ++count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return count;
}

TEST_CASE("threads that hold a lock exclude each other") {
  CHECK(count_together<SpinLock>() == 80'000);
  CHECK(count_together<ElidedLock>() == 80'000);
}

TEST_CASE("an elided lock is marked as held while the runtime is exclusive") {
  ElidedLock lock;
  gort::base::exclusive_runtime.store(true);
  lock.lock();
  CHECK(lock.is_locked());
  lock.unlock();
  CHECK_FALSE(lock.is_locked());
  gort::base::exclusive_runtime.store(false);
  CHECK_FALSE(gort::base::runtime_is_exclusive());
}

TEST_CASE("a lock that was taken by elision is respected when elision ends") {
  ElidedLock lock;
  gort::base::exclusive_runtime.store(true);
  lock.lock();
  gort::base::exclusive_runtime.store(false);
  std::atomic<bool> entered{false};
  std::thread other([&] {
    Guard guard(lock);
    entered = true;
  });
  for (int i = 0; i < 100; ++i) std::this_thread::yield();
  CHECK_FALSE(entered);
  lock.unlock();
  other.join();
  CHECK(entered);
}
