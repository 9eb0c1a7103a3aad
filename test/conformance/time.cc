// Sleeping, timers and tickers, with the semantics that Go 1.23 gave them.
//
// Nothing here is early: that is what these tests insist on. How late a timer may be is not said,
// since the machine may be busy. Where the order of timers matters the test runs on one processor,
// which has one heap of timers.
// Not here: deadlines of contexts (context.cc), timers by the thousand at random (test/stress).

#include <gort/time.hpp>

#include "support.h"

#include <vector>

using namespace conformance;
using gort::chan;
using gort::make;

TEST_CASE("a sleep never returns early") {  // 59
  NoGoroutineLeft leak;
  auto check = [](auto duration) {
    const auto start = Clock::now();
    gort::sleep(duration);
    CHECK(Clock::now() - start >= duration);
  };
  check(100ms);
  gort::wait_group all;
  for (int i = 0; i < 100; ++i) {
    all.go([&, i] {
      check(i * 100us);
      check(std::chrono::nanoseconds(i * 777));
    });
  }
  all.wait();
}

TEST_CASE("sleeping for nothing or less returns at once, and for ever never") {  // 59
  gort::sleep(0s);
  gort::sleep(-1s);
  gort::sleep(std::chrono::nanoseconds::min());
  gort::sleep(std::chrono::hours::min());
  gort::sleep(std::chrono::duration<double>(-1e300));
  CHECK(blocks_for_ever([] { gort::sleep(std::chrono::nanoseconds::max()); }));
  CHECK(blocks_for_ever([] { gort::sleep(std::chrono::hours::max()); }));
  CHECK(blocks_for_ever([] { gort::sleep(std::chrono::duration<double>(1e300)); }));
}

TEST_CASE("sleep_until returns at its time, or at once if that is over") {
  const auto when = Clock::now() + 5ms;
  gort::sleep_until(when);
  CHECK(Clock::now() >= when);
  gort::sleep_until(when);
  gort::sleep_until(gort::time_point::min());
}

TEST_CASE("a sleep with a context ends with it") {
  NoGoroutineLeft leak;
  auto [ctx, cancel] = gort::with_cancel(gort::background());
  Started sleeper([ctx = ctx] {
    bool thrown = false;
    try {
      gort::sleep(1h, ctx);
    } catch (const gort::context_error&) {
      thrown = true;
    }
    CHECK(thrown);
  });
  CHECK(sleeper.blocks());
  cancel();
  CHECK(sleeper.ends());
  const auto start = Clock::now();
  gort::sleep(2ms, gort::background());
  CHECK(Clock::now() - start >= 2ms);
}

TEST_CASE("timers fire in the order of their times, each not before its own") {  // 59
  NoGoroutineLeft leak;
  Processors one(1);
  constexpr int kSlots[] = {5, 3, 6, 6, 6, 1, 1, 2, 7, 9, 4, 8, 0};
  constexpr auto kStep = 20ms;
  struct Shot {
    gort::time_point earliest, latest;  // its time lies between these
    gort::time_point fired;
  };
  auto shots = make<chan<Shot>>();
  for (int slot : kSlots) {
    gort::go([=] {
      const auto before = Clock::now() + slot * kStep;
      auto timer = gort::after(slot * kStep);
      const auto after = Clock::now() + slot * kStep;
      shots.send({before, after, *timer.recv()});
    });
  }
  // Compared by the times at which they fired: who is told of it first is the scheduler's choice.
  std::vector<Shot> seen;
  for (std::size_t i = 0; i < std::size(kSlots); ++i) seen.push_back(*shots.recv());
  int wrong = 0;
  for (const Shot& one : seen) {
    wrong += one.fired < one.earliest;
    for (const Shot& other : seen) {
      wrong += one.latest < other.earliest && one.fired > other.fired;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("a timer's value is the time at which it fired") {
  const auto start = Clock::now();
  gort::timer timer(5ms);
  const auto fired = *timer.c().recv();
  CHECK(fired >= start + 5ms);
  CHECK(fired <= Clock::now());
}

TEST_CASE("a stopped after_func does not run, and stop tells whether it came in time") {  // 59
  NoGoroutineLeft leak;
  std::atomic<int> ran{0};
  auto in_an_hour = gort::after_func(1h, [&] { ++ran; });
  CHECK(in_an_hour.stop());
  CHECK_FALSE(in_an_hour.stop());
  auto at_once = gort::after_func(0s, [&] { ++ran; });
  CHECK(eventually([&] { return ran.load() == 1; }));
  CHECK_FALSE(at_once.stop());
  CHECK_FALSE(at_once.reset(1ms));
  CHECK(eventually([&] { return ran.load() == 2; }));
  // Whether these are stopped in time is the system's choice, but not whether they tell the truth.
  int expected = 2;
  for (int i = 0; i < 20; ++i) {
    auto soon = gort::after_func(i * 1ms, [&] { ++ran; });
    if (i % 2 == 0) gort::sleep(i * 500us);
    expected += !soon.stop();
    CHECK_FALSE(soon.stop());
  }
  gort::sleep(50ms);  // all would be due
  CHECK(eventually([&] { return ran.load() >= expected; }));
  CHECK(ran.load() == expected);
}

TEST_CASE("an after_func runs in a goroutine of its own, which may park") {  // 59
  NoGoroutineLeft leak;
  auto c = make<chan<int>>();
  const auto mine = gort::goroutine_id();
  gort::after_func(1ms, [=] {
    gort::sleep(1ms);
    c.send(gort::goroutine_id() == mine ? 1 : 0);
  });
  CHECK(c.recv() == 0);
}

TEST_CASE("a reset timer forgets its old time") {  // 59
  constexpr auto kStep = 20ms;
  gort::timer timer(2 * kStep);
  gort::sleep(kStep);
  const auto reset_at = Clock::now();
  // False if this thread did not run in time: then the first shot is gone, and nothing of it may be
  // left.
  (void)timer.reset(3 * kStep);
  const auto fired = *timer.c().recv();
  CHECK(fired >= reset_at + 3 * kStep);
  CHECK_FALSE(timer.reset(5ms));  // it has expired
  CHECK(timer.c().recv().has_value());
  CHECK_FALSE(timer.stop());
  CHECK_FALSE(timer.c().try_recv().value.has_value());
}

TEST_CASE("the channel of a timer has no length and no capacity, and stop empties it") {  // 59
  gort::timer timer(1ms);
  CHECK(timer.c().cap() == 0);
  gort::sleep(10ms);
  CHECK(timer.c().len() == 0);
  CHECK(timer.stop());  // Go 1.23: nobody has received the value, so stop takes it back
  CHECK_FALSE(timer.c().try_recv().value.has_value());
  CHECK(timer.c().cap() == 0);
}

TEST_CASE("a timer that expired unseen is found by try_recv and by a select with default") {
  Processors one(1);  // with one heap the timer has fired when the sleep that was to end later ends
  gort::timer timer(1ms);
  gort::sleep(5ms);
  CHECK(timer.c().try_recv().value.has_value());
  CHECK_FALSE(timer.c().try_recv().value.has_value());
  timer.reset(1ms);
  gort::sleep(5ms);
  std::optional<gort::time_point> at;
  CHECK(gort::select(gort::on_recv(timer.c(), at), gort::on_default()) == 0);
  CHECK(gort::select(gort::on_recv(timer.c(), at), gort::on_default()) == 1);
}

TEST_CASE("after stop or reset no stale value is ever received") {  // 59
  NoGoroutineLeft leak;
  const int goroutines = kSanitized ? 50 : 1'000;
  const int rounds = kSanitized ? 10 : 100;
  std::atomic<int> stale{0};
  gort::wait_group all;
  for (int g = 0; g < goroutines; ++g) {
    all.go([&, g] {
      gort::timer first(1ms);
      gort::timer second(1ms);
      for (int i = 0; i < rounds; ++i) {
        if ((g + i) % 3 == 0) gort::yield();
        const auto before = Clock::now();
        first.reset(1ms);
        second.stop();
        stale += second.c().try_recv().value.has_value();
        auto result = first.c().try_recv();
        stale += result.value && *result.value < before + 1ms;
        second.reset(1ms);
        if (i % 10 == 0) {
          std::optional<gort::time_point> at;
          gort::select(gort::on_recv(first.c(), at), gort::on_recv(second.c(), at));
          stale += *at < before + 1ms;
        }
      }
    });
  }
  all.wait();
  CHECK(stale.load() == 0);
}

TEST_CASE("a ticker ticks at its period, changes it by reset, and stops") {  // 59
  const auto start = Clock::now();
  gort::ticker ticker(20ms);
  for (int i = 1; i <= 5; ++i) {
    const auto tick = *ticker.c().recv();
    CHECK(tick - start >= i * 20ms);
  }
  const auto reset_at = Clock::now();
  ticker.reset(40ms);
  for (int i = 1; i <= 5; ++i) {
    const auto tick = *ticker.c().recv();
    CHECK(tick - reset_at >= i * 40ms);
  }
  ticker.stop();
  CHECK_FALSE(ticker.c().try_recv().value.has_value());
  CHECK(gort::select(gort::on_recv(ticker.c()), gort::on_timeout(100ms)) == 1);
  ticker.reset(1ms);  // a stopped ticker may be started again
  CHECK(ticker.c().recv().has_value());
}

TEST_CASE("a slow consumer of a ticker misses ticks instead of finding many") {  // 59
  Processors one(1);
  constexpr auto kPeriod = 2ms;
  gort::ticker ticker(kPeriod);
  gort::sleep(50 * kPeriod);
  const auto awake = Clock::now();
  CHECK(ticker.c().recv().has_value());
  int more = 0;
  while (ticker.c().try_recv().value) ++more;
  const auto end = Clock::now();
  // A tick may have been there, one may just have been on its way, and one overdue. Each further
  // one stands for a point of the ticker's grid between `awake` and `end`; that is none, or one,
  // unless we were held up.
  CHECK(more <= 3 + (end - awake) / kPeriod);
}

TEST_CASE("a ticker without a positive period cannot be made") {  // 59
  const std::string text = "non-positive interval for NewTicker";
  CHECK(thrown_by<gort::panic_error>([] { gort::ticker t(0s); }) == text);
  CHECK(thrown_by<gort::panic_error>([] { gort::ticker t(-1s); }) == text);
  CHECK_FALSE(gort::tick(0s));
  CHECK(gort::tick(1ms).recv().has_value());
}

TEST_CASE("an after_func fires while two goroutines play ping-pong on one processor") {  // 59
  NoGoroutineLeft leak;
  Processors one(1);
  auto c = make<chan<bool>>();
  auto stop = make<chan<bool>>();
  for (int i = 0; i < 2; ++i) {
    gort::go([=] {
      std::optional<bool> v;
      for (;;) {
        if (gort::select(gort::on_recv(c, v), gort::on_send(c, true), gort::on_recv(stop)) == 2) {
          return;
        }
      }
    });
  }
  for (int i = 0; i < scaled(100); ++i) {
    auto fired = make<chan<bool>>(1);
    gort::after_func(1us, [=] { fired.send(true); });
    CHECK(fired.recv() == true);
  }
  stop.close();
}

TEST_CASE("a thousand timers reset into the past all fire") {  // 59
  NoGoroutineLeft leak;
  constexpr int kTimers = 1'000;
  std::atomic<int> fired{0};
  std::vector<gort::timer> timers;
  for (int i = 0; i < kTimers; ++i) {
    timers.push_back(gort::after_func(1h, [&] { ++fired; }));
  }
  for (auto& timer : timers) CHECK(timer.reset(-1h));
  CHECK(eventually([&] { return fired.load() == kTimers; }));
}

TEST_CASE("timers dropped without stop neither fire afterwards nor keep the program busy") {
  NoGoroutineLeft leak;
  for (int i = 0; i < scaled(10'000); ++i) {
    auto dropped = gort::after(1h);
    gort::timer also(1h);
    gort::ticker and_also(1h);
  }
  CHECK(gort::select(gort::on_recv(gort::after(1ms)), gort::on_timeout(1h)) == 0);
}

TEST_CASE("sleepers wake while all processors are busy and while none is") {
  NoGoroutineLeft leak;
  std::atomic<bool> stop{false};
  gort::wait_group hogs;
  for (int i = 0; i < 2; ++i) {
    hogs.go([&] {
      while (!stop.load()) {
      }
    });
  }
  std::atomic<int> awake{0};
  gort::wait_group sleepers;
  for (int i = 0; i < 100; ++i) {
    sleepers.go([&, i] {
      gort::sleep(i % 10 * 1ms);
      ++awake;
    });
  }
  sleepers.wait();
  stop = true;
  hogs.wait();
  CHECK(awake.load() == 100);
}
