// Time: timers, and how exactly sleepers wake.
//
//   timers_channel   create a timer that would deliver on its channel in an hour, and stop it:
//                    1,000,000 times, one after the other; per timer
//   timers_function  create 1,000,000 timers that would call a function, with different times, then
//                    stop them all: the queue is at its longest in between; per timer
//   sleepers         100,000 goroutines sleep for different times between one second and two;
//                    sleepers_p50 and sleepers_p99 say how much later than asked they woke
//   sleep_50us       one goroutine sleeps for 50 microseconds again and again in a process that has
//                    nothing else to do; the median of what it slept too long

#include <gort/gort.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <vector>

#include "harness.h"

namespace {

using bench::best_of_3;
using bench::Clock;
using bench::scaled;
using std::chrono::nanoseconds;
using namespace std::chrono_literals;

// A multiplier that scatters 0, 1, 2, ... over 32 bits.
std::uint32_t scatter(std::int64_t i) { return static_cast<std::uint32_t>(i) * 2654435761u; }

void timers_channel() {
  const std::int64_t count = scaled(1000000, 5000);
  const auto [ns, hash] = best_of_3([&] {
    std::uint64_t stopped = 0;
    for (std::int64_t i = 0; i < count; i++) {
      gort::timer t(1h);
      if (t.stop()) stopped++;
    }
    return stopped;
  });
  bench::report("timers_channel", ns / count, "ns/timer", hash);
}

void timers_function() {
  const std::int64_t count = scaled(1000000, 5000);
  const auto [ns, hash] = best_of_3([&] {
    std::atomic<std::uint64_t> fired{0};
    std::vector<gort::timer> timers;
    timers.reserve(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; i++) {
      const auto delay = 1h + std::chrono::microseconds(scatter(i));
      timers.push_back(gort::after_func(delay, [&] { fired++; }));
    }
    std::uint64_t stopped = 0;
    for (gort::timer& t : timers) {
      if (t.stop()) stopped++;
    }
    return stopped + fired;
  });
  bench::report("timers_function", ns / count, "ns/timer", hash);
}

void sleepers() {
  const std::int64_t count = scaled(100000, 1000);
  const nanoseconds base = std::chrono::milliseconds(scaled(1000, 20));
  const std::uint64_t spread_ns = static_cast<std::uint64_t>(scaled(1000, 50)) * 1000000;
  std::vector<double> late(static_cast<std::size_t>(count));
  gort::wait_group done;
  std::atomic<std::uint64_t> asleep{0};
  done.add(count);
  for (std::int64_t i = 0; i < count; i++) {
    gort::go([&, i] {
      const nanoseconds nap = base + nanoseconds(scatter(i) * spread_ns >> 32);
      const Clock::time_point start = Clock::now();
      gort::sleep(nap);
      late[i] = (bench::nanoseconds_since(start) - static_cast<double>(nap.count())) / 1e3;
      asleep += static_cast<std::uint64_t>(nap.count());
      done.done();
    });
  }
  done.wait();
  bench::Hash hash;
  hash.add(asleep);
  bench::report("sleepers_p50", bench::percentile(late, 50), "us_late", hash);
  bench::report("sleepers_p99", bench::percentile(late, 99), "us_late", hash);
}

void short_sleep() {
  std::vector<double> over(static_cast<std::size_t>(scaled(2000, 50)));
  for (double& us : over) {
    const Clock::time_point start = Clock::now();
    gort::sleep(50us);
    us = bench::nanoseconds_since(start) / 1e3 - 50;
  }
  bench::Hash hash;
  hash.add(over.size());
  bench::report("sleep_50us_p50", bench::percentile(over, 50), "us_over", hash);
}

constexpr bench::Benchmark kAll[] = {
    {"timers_channel", timers_channel},
    {"timers_function", timers_function},
    {"sleepers", sleepers},
    {"sleep_50us", short_sleep},
};

}  // namespace

int main(int argc, char** argv) {
  return gort::run([&] { return bench::run_named(argc, argv, kAll); });
}
