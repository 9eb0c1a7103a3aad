// The CPU limiter: its bucket fills, holds and drains as half of the processor time says.
//
// All times are made up. Not here: what the limiter is good for (pacer_test.cc simulates it).
#include "gc/cpu_limiter.h"

#include <doctest/doctest.h>

using namespace gort::collector;

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

// `seconds` with two processors, of whose time assists take `share`.
void pass(CpuLimiter& limiter, std::int64_t& now, double seconds, double share) {
  const auto ns = static_cast<std::int64_t>(seconds * kSecond);
  now += ns;
  limiter.add_assist_time(static_cast<std::int64_t>(2 * double(ns) * share));
  limiter.update(now);
}

}  // namespace

TEST_CASE("it limits after a second of nothing but collecting, and for as long as that lasts") {
  std::int64_t now = 5;
  CpuLimiter limiter(now, 2);
  pass(limiter, now, 0.999, 1);
  CHECK_FALSE(limiter.limiting());
  pass(limiter, now, 0.001, 1);
  CHECK(limiter.limiting());
  CHECK(limiter.overflow_ns() == 0);
  pass(limiter, now, 0.5, 1);
  CHECK(limiter.limiting());
  CHECK(limiter.fill_ns() == 2 * kSecond * 11 / 10);
  CHECK(limiter.overflow_ns() == kSecond * 8 / 10);
  pass(limiter, now, 0.1, 0);  // what was beyond full is owed
  CHECK(limiter.limiting());
  pass(limiter, now, 0.001, 0.4);
  CHECK_FALSE(limiter.limiting());
  pass(limiter, now, 10, 0);
  CHECK(limiter.fill_ns() == 0);
}

TEST_CASE("half and half neither fills nor drains it") {
  std::int64_t now = 0;
  CpuLimiter limiter(now, 2);
  pass(limiter, now, 0.5, 1);
  const std::int64_t fill = limiter.fill_ns();
  for (int i = 0; i < 100; ++i) pass(limiter, now, 0.1, 0.5);
  CHECK(limiter.fill_ns() == fill);
  CHECK_FALSE(limiter.limiting());
}

TEST_CASE("while marking a quarter is the collector's, and so is all of a stop") {
  std::int64_t now = 0;
  CpuLimiter limiter(now, 2);
  limiter.start_transition(now, true);
  now += kSecond / 10;
  limiter.update(now);  // does nothing: the stop is under way
  limiter.finish_transition(now);
  CHECK(limiter.fill_ns() == 2 * kSecond / 10);
  pass(limiter, now, 0.1, 0.5);  // and a quarter: three quarters against one
  CHECK(limiter.fill_ns() == 3 * kSecond / 10);
  limiter.start_transition(now, false);
  limiter.finish_transition(now);
  pass(limiter, now, 0.1, 0);
  CHECK(limiter.fill_ns() == kSecond / 10);
}

TEST_CASE("idle time is nobody's") {
  std::int64_t now = 0;
  CpuLimiter limiter(now, 2);
  limiter.add_idle_time(kSecond);
  pass(limiter, now, 1, 0.5);
  CHECK(limiter.fill_ns() == kSecond);
}

TEST_CASE("fewer processors make a smaller bucket, which may be full then") {
  std::int64_t now = 0;
  CpuLimiter limiter(now, 2);
  pass(limiter, now, 0.75, 1);
  CHECK_FALSE(limiter.limiting());
  limiter.set_processors(now, 1);
  CHECK(limiter.limiting());
  CHECK(limiter.fill_ns() == kSecond);
  limiter.set_processors(now, 2);
  CHECK_FALSE(limiter.limiting());
}

TEST_CASE("updates come every 10 ms, and one with an old clock changes nothing") {
  CpuLimiter limiter(0, 2);
  CHECK_FALSE(limiter.needs_update(10'000'000));
  CHECK(limiter.needs_update(10'000'001));
  limiter.add_assist_time(2 * kSecond);
  limiter.update(kSecond);
  CHECK(limiter.limiting());
  limiter.update(kSecond / 2);
  CHECK(limiter.limiting());
  CHECK_FALSE(limiter.needs_update(kSecond));
}
