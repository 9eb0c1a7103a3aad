// Tests of mutex: exclusion, who gets it next, giving up, ending it, and the calm of its bucket.
//
// What Go's tests check is in test/conformance/sync_mutex.cc; here is what depends on how it is
// made. Under the thread sanitizer the counters without an atomic are the point.
#include <gort/mutex.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <gort/context.hpp>
#include <gort/go.hpp>
#include <gort/runtime.hpp>
#include <gort/sync.hpp>
#include <gort/time.hpp>

#include "sync/parking.h"

using namespace std::chrono_literals;
using gort::detail::mutex_core;
using gort::detail::parking_bucket;
using gort::detail::parking_calm;
using gort::sync::parking_buckets;

namespace {

constexpr int kUntilCalm = 8192 + 1;

// gomaxprocs for a scope.
class Processors {
 public:
  explicit Processors(int n) : before_(gort::gomaxprocs()) { gort::gomaxprocs(n); }
  ~Processors() { gort::gomaxprocs(before_); }

 private:
  int before_;
};

std::uint32_t waiters_for(const void* address) {
  return parking_buckets[parking_bucket(address)].waiters.load();
}

bool is_calm(const void* address) { return parking_calm[parking_bucket(address)].load() != 0; }

void make_calm(mutex_core& m) {
  for (int i = 0; i < kUntilCalm; ++i) {
    m.lock();
    m.unlock();
  }
}

template <class Predicate>
void wait_until(Predicate happened) {
  while (!happened()) gort::sleep(50us);
}

// With one processor: unlocks, which wakes a waiter, and locks again before that one can run. The
// monitor takes no processor from a thread that is inside the runtime, however long it is held up.
void overtake_woken_waiter(mutex_core& m) {
  gort::sync::Section nobody_else_runs;
  m.unlock();
  m.lock();
}

// So many goroutines and threads that count under `m`.
template <class Mutex>
long count_together(Mutex& m, int goroutines, int threads, int rounds) {
  long counter = 0;
  gort::wait_group all;
  const auto work = [&] {
    for (int i = 0; i < rounds; ++i) {
      m.lock();
      ++counter;
      if (i % 512 == 0) gort::yield();
      m.unlock();
    }
  };
  for (int g = 0; g < goroutines; ++g) all.go(work);
  std::vector<std::thread> others;
  for (int t = 0; t < threads; ++t) others.emplace_back(work);
  all.wait();
  gort::blocking([&] {
    for (auto& t : others) t.join();
  });
  return counter;
}

}  // namespace

TEST_CASE("a mutex is a word, and free when it is zero") {
  static_assert(sizeof(gort::mutex) == 4);
  static constinit gort::mutex at_namespace_scope;
  std::lock_guard lock(at_namespace_scope);
  CHECK_FALSE(at_namespace_scope.try_lock());
}

TEST_CASE("goroutines and threads exclude each other, with any number of processors") {
  for (int processors : {1, 2, 4}) {
    Processors n(processors);
    gort::mutex m;
    CHECK(count_together(m, 4, 0, 4'000) == 16'000);
    CHECK(count_together(m, 2, 2, 2'000) == 8'000);
  }
}

TEST_CASE("unlocks that find nobody calm their bucket, and a waiter ends that") {
  mutex_core m;
  make_calm(m);
  CHECK(is_calm(&m));
  m.lock();
  std::atomic<bool> got{false};
  gort::go([&] {
    m.lock();
    got = true;
    m.unlock();
  });
  wait_until([&] { return waiters_for(&m) == 1; });
  CHECK_FALSE(is_calm(&m));
  CHECK_FALSE(got.load());
  m.unlock();
  wait_until([&] { return got.load(); });
  CHECK(waiters_for(&m) == 0);
  // Until it is calm again, the next one needs no barrier.
  m.lock();
  gort::go([&] {
    m.lock();
    m.unlock();
    got = false;
  });
  wait_until([&] { return waiters_for(&m) == 1; });
  m.unlock();
  wait_until([&] { return !got.load(); });
}

TEST_CASE("no wake-up is lost where a calm mutex meets its first waiter") {
  // One side unlocks from a calm bucket, just when the other begins to wait.
  Processors two(2);
  constexpr int kRounds = 300;
  mutex_core m;
  for (int round = 0; round < kRounds; ++round) {
    make_calm(m);
    std::atomic<int> step{0};
    gort::wait_group all;
    all.go([&] {
      m.lock();
      step = 1;
      while (step.load() == 1) {
      }
      for (int i = 0; i < round % 64; ++i) asm volatile("");
      m.unlock();
    });
    all.go([&] {
      while (step.load() == 0) {
      }
      step = 2;
      m.lock();
      m.unlock();
    });
    all.wait();
  }
  CHECK(waiters_for(&m) == 0);
}

TEST_CASE("one woken waiter at a time competes") {
  Processors one(1);
  mutex_core m;
  m.lock();
  std::atomic<int> through{0};
  for (int i = 0; i < 3; ++i) {
    gort::go([&] {
      m.lock();
      ++through;
      m.unlock();
    });
  }
  wait_until([&] { return waiters_for(&m) == 3; });
  std::uint32_t left = 0;
  {
    gort::sync::Section nobody_else_runs;
    m.unlock();  // wakes the first
    m.lock();
    m.unlock();
    m.lock();
    left = waiters_for(&m);
  }
  CHECK(left == 2);
  m.unlock();
  wait_until([&] { return through.load() == 3; });
}

TEST_CASE("a waiter that waited for more than a millisecond is handed the mutex, in order") {
  Processors one(1);
  mutex_core m;
  m.lock();
  std::vector<int> order;
  for (int i = 0; i < 4; ++i) {
    gort::go([&, i] {
      m.lock();
      order.push_back(i);
      m.unlock();
    });
    wait_until([&] { return waiters_for(&m) == static_cast<std::uint32_t>(i) + 1; });
  }
  gort::sleep(3ms);
  overtake_woken_waiter(m);
  wait_until([&] { return (m.state.load() & mutex_core::kStarving) != 0; });
  bool free_between = false;
  {
    gort::sync::Section nobody_else_runs;
    m.unlock();  // hands it to 0
    free_between = m.state.load() == 0 || m.try_lock();
  }
  CHECK_FALSE(free_between);
  wait_until([&] { return m.state.load() == 0; });
  CHECK(order == std::vector<int>{0, 1, 2, 3});
  CHECK(m.try_lock());
  CHECK(m.state.load() == mutex_core::kHeld);
  m.unlock();
}

TEST_CASE("a waiter that gives up leaves the queue, and starving mode with nobody in it ends") {
  Processors one(1);
  mutex_core m;
  m.lock();
  auto [ctx, cancel] = gort::with_cancel(gort::background());
  std::atomic<int> gave_up{0};
  gort::go([&, ctx = ctx] {
    try {
      m.lock(&ctx);
    } catch (const gort::context_error&) {
      ++gave_up;
    }
  });
  wait_until([&] { return waiters_for(&m) == 1; });
  gort::sleep(3ms);
  overtake_woken_waiter(m);
  wait_until([&] { return (m.state.load() & mutex_core::kStarving) != 0; });
  cancel();
  wait_until([&] { return gave_up.load() == 1; });
  CHECK(waiters_for(&m) == 0);
  m.unlock();
  CHECK(m.state.load() == 0);
}

TEST_CASE("a done context does not keep from a mutex that is free") {
  gort::mutex m;
  auto [ctx, cancel] = gort::with_cancel(gort::background());
  cancel();
  m.lock(ctx);
  CHECK_THROWS_AS(m.lock(ctx), gort::context_error);
  m.unlock();
}

TEST_CASE("giving up, getting it and being woken may happen at the same moment") {
  for (int processors : {1, 2}) {
    Processors n(processors);
    constexpr int kGoroutines = 6;
    gort::mutex m;
    long counter = 0;
    std::atomic<long> expected{0};
    gort::wait_group all;
    for (int g = 0; g < kGoroutines; ++g) {
      all.go([&, g] {
        for (int i = 0; i < 300; ++i) {
          auto [ctx, cancel] =
              gort::with_timeout(gort::background(), std::chrono::microseconds((i * 7 + g) % 50));
          gort::defer d(cancel);
          try {
            m.lock(ctx);
          } catch (const gort::context_error&) {
            continue;
          }
          ++counter;
          ++expected;
          if (i % 4 == 0) gort::sleep(1us);
          m.unlock();
        }
      });
    }
    all.wait();
    CHECK(counter == expected.load());
    CHECK(m.try_lock());
    m.unlock();
  }
}

TEST_CASE("who got a mutex last may end it while others are on their way out of unlock") {
  // The count is under the lock; the last one frees the memory. Sanitizers see a late access.
  struct Object {
    gort::mutex m;
    int references = 0;
  };
  for (int processors : {1, 2}) {
    Processors n(processors);
    for (int round = 0; round < 300; ++round) {
      constexpr int kUsers = 4;
      auto* object = new Object;
      object->references = kUsers;
      gort::wait_group all;
      for (int i = 0; i < kUsers; ++i) {
        all.go([object, i] {
          if (i % 2 == 0) gort::yield();
          object->m.lock();
          if (i == 1) gort::yield();
          const bool last = --object->references == 0;
          object->m.unlock();
          if (last) delete object;
        });
      }
      all.wait();
    }
  }
}

TEST_CASE("mutexes that share a bucket do not disturb each other") {
  // As many as it takes for two to meet, all contended at once.
  Processors two(2);
  constexpr int kMutexes = 64;
  auto mutexes = std::make_unique<mutex_core[]>(kMutexes);
  std::vector<long> counters(kMutexes);
  gort::wait_group all;
  for (int g = 0; g < 8; ++g) {
    all.go([&, g] {
      for (int i = 0; i < 2'000; ++i) {
        const auto n = static_cast<std::size_t>(i * 5 + g) % kMutexes;
        mutexes[n].lock();
        ++counters[n];
        if (i % 100 == 0) gort::yield();
        mutexes[n].unlock();
      }
    });
  }
  all.wait();
  long sum = 0;
  for (long c : counters) sum += c;
  CHECK(sum == 16'000);
  int left = 0;
  for (const auto& bucket : parking_buckets) left += static_cast<int>(bucket.waiters.load());
  CHECK(left == 0);
}
