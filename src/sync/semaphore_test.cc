// Tests of semaphore: order, impossible requests, giving up.
//
// The weighted use as Go's tests have it is in test/conformance/sync_waiting.cc; misuse in
// test/crash.
#include <gort/sync.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <vector>

#include <gort/runtime.hpp>
#include <gort/time.hpp>

#include "sync/wait_list.h"

using namespace std::chrono_literals;
using gort::detail::semaphore_core;

namespace {

template <class Predicate>
void wait_until(Predicate happened) {
  while (!happened()) gort::sleep(50us);
}

int queued(semaphore_core& s) {
  gort::sync::Section section;
  auto& list = gort::sync::open(s.list);
  gort::base::Guard guard(list.lock);
  int count = 0;
  for (gort::sync::Waiter* w = list.queue.first; w != nullptr; w = w->next) ++count;
  return count;
}

}  // namespace

TEST_CASE("permits are handed out in order, even where a later request would fit") {
  semaphore_core s(3);
  s.acquire(3, nullptr);
  std::atomic<int> served{0};
  gort::wait_group all;
  const int wanted[] = {2, 1, 3, 1};
  for (int i = 0; i < 4; ++i) {
    all.go([&, n = wanted[i]] {
      s.acquire(n, nullptr);
      ++served;
      s.release(n);
    });
    wait_until([&] { return queued(s) == i + 1; });
  }
  s.release(1);
  CHECK(queued(s) == 4);  // 1 would fit, but 2 comes first
  gort::sleep(1ms);
  CHECK(served.load() == 0);
  s.release(1);
  wait_until([&] { return served.load() == 2; });  // 2, and when it has released, 1; not 3
  CHECK(queued(s) == 2);
  s.release(1);
  all.wait();
  CHECK(served.load() == 4);
}

TEST_CASE("a request for more than there is waits alone, until its context is done") {
  gort::semaphore s(2);
  auto [ctx, cancel] = gort::with_cancel(gort::background());
  std::atomic<bool> gave_up{false};
  gort::go([&, ctx = ctx] {
    try {
      s.acquire(3, ctx);
    } catch (const gort::context_error&) {
      gave_up = true;
    }
  });
  gort::sleep(1ms);
  CHECK_FALSE(s.try_acquire(3));
  s.acquire(2);
  s.release(2);
  CHECK_FALSE(gave_up.load());
  cancel();
  wait_until([&] { return gave_up.load(); });
  gort::semaphore none(0);
  CHECK_FALSE(none.try_acquire());
  none.acquire(0);
  none.release(0);
}

TEST_CASE("a negative number of permits is refused") {
  CHECK_THROWS_AS(gort::semaphore(-1), gort::runtime_error);
  gort::semaphore s(1);
  CHECK_THROWS_AS(s.acquire(-1), gort::runtime_error);
  CHECK_THROWS_AS(s.release(-1), gort::runtime_error);
  CHECK_THROWS_AS((void)s.try_acquire(-1), gort::runtime_error);
}

TEST_CASE("a large request that gives up lets the small ones behind it through") {
  gort::semaphore s(4);
  s.acquire(2);
  auto [ctx, cancel] = gort::with_cancel(gort::background());
  gort::wait_group all;
  std::atomic<int> small{0};
  std::atomic<int> gave_up{0};
  all.go([&, ctx = ctx] {
    try {
      s.acquire(4, ctx);
    } catch (const gort::context_error&) {
      ++gave_up;
    }
  });
  wait_until([&] { return !s.try_acquire(1) || (s.release(1), false); });
  for (int i = 0; i < 2; ++i) {
    all.go([&] {
      s.acquire(1);
      ++small;
      s.release(1);
    });
  }
  gort::sleep(1ms);
  CHECK(small.load() == 0);
  cancel();
  all.wait();
  CHECK(small.load() == 2);
  CHECK(gave_up.load() == 1);
  s.release(2);
  CHECK(s.try_acquire(4));
}

TEST_CASE("giving up and being served may happen at the same moment") {
  for (int processors : {1, 2}) {
    const int before = gort::gomaxprocs(processors);
    gort::semaphore s(3);
    std::atomic<int> out{0};
    std::atomic<int> wrong{0};
    gort::wait_group all;
    for (int g = 0; g < 6; ++g) {
      all.go([&, g] {
        for (int i = 0; i < 300; ++i) {
          const int n = 1 + (g + i) % 3;
          auto [ctx, cancel] =
              gort::with_timeout(gort::background(), std::chrono::microseconds((i * 3 + g) % 30));
          gort::defer d(cancel);
          try {
            s.acquire(n, ctx);
          } catch (const gort::context_error&) {
            continue;
          }
          wrong += (out += n) > 3;
          if (i % 3 == 0) gort::yield();
          out -= n;
          s.release(n);
        }
      });
    }
    all.wait();
    CHECK(wrong.load() == 0);
    CHECK(s.try_acquire(3));
    gort::gomaxprocs(before);
  }
}
