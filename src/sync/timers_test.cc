// Tests of timers, tickers and sleeping: what the handles own, and what happens at the edges.
//
// The semantics that Go's tests check are in test/conformance/time.cc; here is what only C++ has:
// who keeps a function alive and when it is destroyed, copies of handles, durations of all types;
// and what goes wrong only when several use one timer at once. Nothing is judged by how fast it is.
// Not here: the heap of timers (sched/timer_test.cc).
#include <gort/chan.hpp>
#include <gort/memory.hpp>
#include <gort/time.hpp>

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "gort/go.hpp"
#include "sync/timers.h"

using namespace std::chrono_literals;
using gort::detail::saturated_ns;
using Clock = std::chrono::steady_clock;

namespace {

// Parks until it is true; a test that waits for what never comes is ended by its time limit.
template <class Predicate>
void wait_until(Predicate happened) {
  while (!happened()) gort::sleep(100us);
}

template <class F>
std::string text_of_error(F f) {
  try {
    f();
  } catch (const gort::runtime_error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a timer delivers its time once, a ticker again and again") {
  const auto start = Clock::now();
  gort::timer timer(1ms);
  CHECK(*timer.c().recv() >= start + 1ms);
  CHECK_FALSE(timer.stop());
  gort::ticker ticker(1ms);
  for (int i = 0; i < 3; ++i) CHECK(ticker.c().recv().has_value());
  ticker.stop();
  CHECK_FALSE(ticker.c().try_recv().value.has_value());
}

TEST_CASE("a duration of any type becomes nanoseconds, never fewer, and saturates") {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
  using seconds_as_double = std::chrono::duration<double>;
  CHECK(saturated_ns(0s) == 0);
  CHECK(saturated_ns(3us) == 3'000);
  CHECK(saturated_ns(-2h) == -7'200'000'000'000);
  CHECK(saturated_ns(std::chrono::nanoseconds::max()) == kMost);
  CHECK(saturated_ns(std::chrono::microseconds::max()) == kMost);
  CHECK(saturated_ns(std::chrono::hours::max()) == kMost);
  CHECK(saturated_ns(std::chrono::hours::min()) == kLeast);
  CHECK(saturated_ns(std::chrono::duration<unsigned long long>::max()) == kMost);
  CHECK(saturated_ns(std::chrono::duration<std::uint8_t>(7)) == 7'000'000'000);
  CHECK(saturated_ns(std::chrono::duration<int, std::pico>(1)) == 1);
  CHECK(saturated_ns(std::chrono::duration<int, std::pico>(1'001)) == 2);
  CHECK(saturated_ns(std::chrono::duration<int, std::ratio<1, 3>>(1)) == 333'333'334);
  CHECK(saturated_ns(seconds_as_double(0.5)) == 500'000'000);
  CHECK(saturated_ns(seconds_as_double(1e300)) == kMost);
  CHECK(saturated_ns(seconds_as_double(-1e300)) == kLeast);
  CHECK(saturated_ns(seconds_as_double(std::numeric_limits<double>::quiet_NaN())) <= 0);
  CHECK(gort::sync::time_after(kMost) < gort::base::kNever);
  CHECK(gort::sync::reachable(kMost) < gort::base::kNever);
}

TEST_CASE("what is no timer says so, and a ticker needs a positive period") {
  CHECK(text_of_error([] { gort::timer().stop(); }) == "time: Stop called on uninitialized Timer");
  CHECK(text_of_error([] { gort::timer().reset(1s); }) ==
        "time: Reset called on uninitialized Timer");
  CHECK(text_of_error([] { gort::ticker().reset(1s); }) ==
        "time: Reset called on uninitialized Ticker");
  CHECK(text_of_error([] { gort::ticker ticker(0s); }) == "non-positive interval for NewTicker");
  CHECK(text_of_error([] { gort::ticker(1s).reset(-1s); }) ==
        "non-positive interval for Ticker.Reset");
  gort::ticker().stop();
  CHECK_FALSE(gort::tick(0s));
  CHECK_FALSE(gort::timer());
  CHECK(gort::timer(1h));
  CHECK(gort::tick(1ms).recv().has_value());
}

TEST_CASE("copies of a handle name the same timer") {
  gort::timer timer(1h);
  const gort::timer copy = timer;
  CHECK(copy == timer);
  CHECK_FALSE(copy == gort::timer(1h));
  CHECK(copy.stop());
  CHECK_FALSE(timer.stop());
  gort::timer function = gort::after_func(1h, [] {});
  CHECK_FALSE(function.c());
  gort::timer moved = std::move(function);
  CHECK_FALSE(function);
  CHECK(moved.stop());
}

TEST_CASE("a channel goes on without the handle of its timer") {
  const auto once = gort::timer(1ms).c();
  const auto ticks = gort::ticker(1ms).c();
  CHECK(once.recv().has_value());
  CHECK(ticks.recv().has_value());
  CHECK(ticks.recv().has_value());
}

TEST_CASE("timers, tickers and channels that nobody has any more are collected") {
  const auto churn = [] {
    for (int i = 0; i < 10'000; ++i) {
      (void)gort::after(1h);
      gort::timer timer(1h);
      gort::ticker ticker(1h);
      (void)gort::tick(1h);
    }
  };
  // No collection begins by itself until they have been counted, nor goes on that had begun.
  const int percent = gort::set_gc_percent(-1);
  gort::gc();
  const std::uint64_t before = gort::read_mem_stats().heap_objects;
  gort::wait_group ended;
  ended.go(churn);
  ended.wait();
  CHECK(gort::read_mem_stats().heap_objects >= before + 40'000);
  gort::set_gc_percent(percent);
  // Ended by one collection, freed by the next; a word that looks like its address may keep one.
  wait_until([&] {
    gort::gc();
    return gort::read_mem_stats().heap_objects < before + 4'000;
  });
}

TEST_CASE("a function lives as long as its timer can fire or has a handle") {
  auto held = std::make_shared<std::atomic<int>>(0);
  const std::weak_ptr<std::atomic<int>> seen = held;
  auto timer = gort::after_func(1h, [held] { ++*held; });
  held.reset();
  CHECK(timer.stop());
  CHECK_FALSE(seen.expired());  // it could be reset
  timer = gort::timer();
  CHECK(seen.expired());

  held = std::make_shared<std::atomic<int>>(0);
  const std::weak_ptr<std::atomic<int>> queued = held;
  auto go_on = gort::make<gort::chan<int>>();
  gort::after_func(1ms, [held, go_on] {
    (void)go_on.recv();
    ++*held;
  });
  held.reset();
  CHECK_FALSE(queued.expired());
  go_on.send(1);
  wait_until([&] { return queued.expired(); });
}

TEST_CASE("a timer that is reset runs its function again, also while it still runs") {
  auto entered = gort::make<gort::chan<int>>();
  auto leave = gort::make<gort::chan<int>>();
  std::atomic<int> ended{0};
  auto timer = gort::after_func(0s, [&, entered, leave] {
    entered.send(1);
    (void)leave.recv();
    ++ended;
  });
  (void)entered.recv();
  CHECK_FALSE(timer.reset(0s));
  (void)entered.recv();
  CHECK(ended == 0);
  leave.close();
  wait_until([&] { return ended == 2; });
  CHECK_FALSE(timer.stop());
}

TEST_CASE("what copying a function throws is thrown by after_func, and nothing is started") {
  struct Throwing {
    Throwing() = default;
    Throwing(const Throwing&) { throw std::runtime_error("no copy"); }
    void operator()() const {}
  };
  const Throwing throwing;
  CHECK_THROWS_WITH_AS(gort::after_func(1ms, throwing), "no copy", std::runtime_error);
}

TEST_CASE("a function may be large, aligned to more than usual, or only movable") {
  struct alignas(128) Aligned {
    std::atomic<int>* result;
    void operator()() const { *result = reinterpret_cast<std::uintptr_t>(this) % 128 == 0 ? 1 : 2; }
  };
  std::atomic<int> aligned{0};
  gort::after_func(0s, Aligned{&aligned});
  wait_until([&] { return aligned != 0; });
  CHECK(aligned == 1);
  std::atomic<int> sum{0};
  std::array<int, 500> many;
  many.fill(2);
  gort::after_func(0s, [&sum, many, one = std::make_unique<int>(1)] {
    int total = *one;
    for (int each : many) total += each;
    sum = total;
  });
  wait_until([&] { return sum != 0; });
  CHECK(sum == 1'001);
}

TEST_CASE("a function that ends its goroutine by goexit is let go of") {
  auto held = std::make_shared<int>(0);
  const std::weak_ptr<int> seen = held;
  gort::after_func(0s, [held] { gort::goexit(); });
  held.reset();
  wait_until([&] { return seen.expired(); });
}

TEST_CASE(
    "many goroutines may stop and reset one timer, and it never fires more than it was armed") {
  std::atomic<long> armed{1};
  std::atomic<long> taken_back{0};
  std::atomic<long> ran{0};
  auto timer = gort::after_func(10us, [&] { ++ran; });
  std::atomic<int> running{8};
  for (int g = 0; g < 8; ++g) {
    gort::go([&, g] {
      for (int i = 0; i < 500; ++i) {
        if ((g + i) % 3 == 0) {
          taken_back += timer.stop();
        } else {
          ++armed;
          taken_back += timer.reset(std::chrono::microseconds(i % 7 * 5));
        }
        if (i % 5 == 0) gort::yield();
      }
      --running;
    });
  }
  wait_until([&] { return running == 0; });
  wait_until([&] { return ran == armed - taken_back; });
  CHECK_FALSE(timer.stop());
}

TEST_CASE("many goroutines may use one channel timer at once") {
  gort::timer timer(10us);
  gort::ticker ticker(20us);
  std::atomic<int> running{6};
  for (int g = 0; g < 6; ++g) {
    gort::go([&, g] {
      for (int i = 0; i < 500; ++i) {
        switch ((g + i) % 6) {
          case 0: timer.stop(); break;
          case 1: timer.reset(std::chrono::microseconds(i % 11)); break;
          case 2: (void)timer.c().try_recv(); break;
          case 3: ticker.reset(std::chrono::microseconds(i % 13 + 1)); break;
          case 4: (void)ticker.c().try_recv(); break;
          default: gort::yield();
        }
      }
      --running;
    });
  }
  wait_until([&] { return running == 0; });
  timer.reset(0s);
  ticker.reset(1us);
  CHECK(timer.c().recv().has_value());
  CHECK(ticker.c().recv().has_value());
}

TEST_CASE("handles dropped while their timers fire take nothing down") {
  for (int i = 0; i < 2'000; ++i) {
    gort::ticker ticker(1us);
    auto once = gort::after(std::chrono::nanoseconds(i % 50 * 100));
    if (i % 4 == 0) gort::sleep(1us);
    if (i % 3 == 0) gort::go([once] { (void)once.try_recv(); });
  }
}

TEST_CASE("a thread that is no goroutine sleeps, waits for timers and stops them") {
  std::atomic<int> ran{0};
  std::thread thread([&] {
    const auto start = Clock::now();
    gort::sleep(2ms);
    gort::sleep_until(start + 3ms);
    CHECK(Clock::now() - start >= 3ms);
    CHECK(gort::after(1ms).recv().has_value());
    gort::after_func(0s, [&] { ++ran; });
    CHECK(gort::after_func(1h, [&] { ++ran; }).stop());
  });
  gort::blocking([&] { thread.join(); });
  wait_until([&] { return ran == 1; });
}
