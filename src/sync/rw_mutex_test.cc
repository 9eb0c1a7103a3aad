// Tests of rw_mutex: who is let in when, giving up, ending it.
//
// What Go's tests check is in test/conformance/sync_mutex.cc. Under the thread sanitizer the plain
// counters are the point.
#include <gort/mutex.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <vector>

#include <gort/context.hpp>
#include <gort/go.hpp>
#include <gort/runtime.hpp>
#include <gort/sync.hpp>
#include <gort/time.hpp>

#include "sync/parking.h"

using namespace std::chrono_literals;
using gort::detail::rw_mutex_core;

namespace {

class Processors {
 public:
  explicit Processors(int n) : before_(gort::gomaxprocs()) { gort::gomaxprocs(n); }
  ~Processors() { gort::gomaxprocs(before_); }

 private:
  int before_;
};

template <class Predicate>
void wait_until(Predicate happened) {
  while (!happened()) gort::sleep(50us);
}

int queued(const void* address) {
  gort::sync::Section section;
  auto& bucket = gort::sync::parking_buckets[gort::detail::parking_bucket(address)];
  gort::base::Guard guard(bucket.lock);
  int count = 0;
  for (gort::sync::Waiter* w = bucket.queue.find(address); w != nullptr && w->slot == address;
       w = w->next) {
    ++count;
  }
  return count;
}
int queued(const rw_mutex_core& m) { return queued(&m.state); }

}  // namespace

TEST_CASE("a rw_mutex is two words, and free when they are zero") {
  static_assert(sizeof(gort::rw_mutex) == 8);
  static constinit gort::rw_mutex m;
  std::shared_lock first(m);
  CHECK(m.try_lock_shared());
  m.unlock_shared();
  CHECK_FALSE(m.try_lock());
}

TEST_CASE("readers that wait for a writer go before the writers behind them, in one batch") {
  Processors one(1);
  rw_mutex_core m;
  m.lock(nullptr);
  std::atomic<int> read_before{0};
  int seen_by_writer = 0;
  gort::wait_group all;
  const auto read = [&] {
    m.lock_shared(nullptr);
    ++read_before;
    gort::yield();
    m.unlock_shared();
  };
  all.go(read);
  all.go(read);
  wait_until([&] { return queued(m) == 2; });
  all.go([&] {
    m.lock(nullptr);
    seen_by_writer = read_before;
    m.unlock();
  });
  wait_until([&] { return queued(&m.writers) == 1; });  // for the writer that holds it
  all.go(read);
  wait_until([&] { return queued(m) == 3; });
  m.unlock();
  all.wait();
  CHECK(seen_by_writer == 3);
  CHECK(m.state.load() == 0);
}

TEST_CASE("readers that come after a waiting writer wait behind it") {
  Processors one(1);
  rw_mutex_core m;
  m.lock_shared(nullptr);
  std::vector<char> order;
  gort::wait_group all;
  all.go([&] {
    m.lock(nullptr);
    order.push_back('w');
    m.unlock();
  });
  wait_until([&] { return queued(m) == 1; });
  CHECK_FALSE(m.try_lock_shared());
  all.go([&] {
    m.lock_shared(nullptr);
    order.push_back('r');
    m.unlock_shared();
  });
  wait_until([&] { return queued(m) == 2; });
  m.unlock_shared();
  all.wait();
  CHECK(order == std::vector<char>{'w', 'r'});
  CHECK(m.state.load() == 0);
}

TEST_CASE("a writer that gives up lets in the readers behind it") {
  Processors one(1);
  rw_mutex_core m;
  m.lock_shared(nullptr);
  auto [ctx, cancel] = gort::with_cancel(gort::background());
  std::atomic<int> gave_up{0};
  std::atomic<int> read{0};
  gort::wait_group all;
  all.go([&, ctx = ctx] {
    try {
      m.lock(&ctx);
    } catch (const gort::context_error&) {
      ++gave_up;
    }
  });
  wait_until([&] { return queued(m) == 1; });
  for (int i = 0; i < 3; ++i) {
    all.go([&] {
      m.lock_shared(nullptr);
      ++read;
      m.unlock_shared();
    });
  }
  wait_until([&] { return queued(m) == 4; });
  cancel();
  all.wait();
  CHECK(gave_up.load() == 1);
  CHECK(read.load() == 3);
  CHECK(m.state.load() == 1);
  CHECK(m.writers.state.load() == 0);
  m.unlock_shared();
}

TEST_CASE("a reader that gives up is not counted") {
  Processors one(1);
  rw_mutex_core m;
  m.lock(nullptr);
  auto [ctx, cancel] = gort::with_timeout(gort::background(), 2ms);
  bool thrown = false;
  try {
    m.lock_shared(&ctx);
  } catch (const gort::context_error&) {
    thrown = true;
  }
  cancel();
  CHECK(thrown);
  CHECK(queued(m) == 0);
  m.unlock();
  CHECK(m.state.load() == 0);
}

TEST_CASE("readers see what writers did, and never half of it, whoever gives up") {
  for (int processors : {1, 2, 4}) {
    Processors n(processors);
    rw_mutex_core m;
    long left = 0;
    long right = 0;
    long written = 0;
    std::atomic<int> torn{0};
    gort::wait_group all;
    for (int g = 0; g < 4; ++g) {
      all.go([&, g] {
        for (int i = 0; i < 1'000; ++i) {
          auto [ctx, cancel] =
              gort::with_timeout(gort::background(), std::chrono::microseconds((i + g) % 40));
          gort::defer d(cancel);
          try {
            m.lock_shared(i % 3 == 0 ? &ctx : nullptr);
          } catch (const gort::context_error&) {
            continue;
          }
          torn += left != right;
          if (i % 64 == 0) gort::yield();
          torn += left != right;
          m.unlock_shared();
        }
      });
    }
    for (int g = 0; g < 2; ++g) {
      all.go([&, g] {
        for (int i = 0; i < 500; ++i) {
          auto [ctx, cancel] =
              gort::with_timeout(gort::background(), std::chrono::microseconds((i + g) % 40));
          gort::defer d(cancel);
          try {
            m.lock(i % 3 == 0 ? &ctx : nullptr);
          } catch (const gort::context_error&) {
            continue;
          }
          ++left;
          if (i % 32 == 0) gort::yield();
          ++right;
          ++written;
          m.unlock();
        }
      });
    }
    all.wait();
    CHECK(torn.load() == 0);
    CHECK(left == written);
    CHECK(m.state.load() == 0);
    CHECK(m.writers.state.load() == 0);
  }
}

TEST_CASE("who got a rw_mutex last may end it while others are on their way out of unlock") {
  struct Object {
    gort::rw_mutex m;
    std::atomic<int> references{0};
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
          if (i < 2) {
            object->m.lock_shared();
            if (i == 0) gort::yield();
            object->m.unlock_shared();
          }
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

TEST_CASE("ordinary threads read and write too") {
  gort::rw_mutex m;
  long counter = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        if (i % 4 == 0) {
          std::lock_guard lock(m);
          ++counter;
        } else {
          std::shared_lock lock(m);
          CHECK_MESSAGE(counter >= 0, "readers see a counter");
        }
      }
    });
  }
  gort::blocking([&] {
    for (auto& t : threads) t.join();
  });
  CHECK(counter == 375);
}
