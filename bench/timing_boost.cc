// Boost.Fiber's peer of timing.cc, where each number is defined. It has sleeping, but no timers.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <vector>

#include "harness_boost.h"

namespace {

using bench::Clock;
using bench::scaled;
using std::chrono::nanoseconds;
using namespace std::chrono_literals;

void sleepers() {
  const std::int64_t count = scaled(100000, 1000);
  const nanoseconds base = std::chrono::milliseconds(scaled(1000, 20));
  const std::uint64_t spread_ns = static_cast<std::uint64_t>(scaled(1000, 50)) * 1000000;
  std::vector<double> late(static_cast<std::size_t>(count));
  std::atomic<std::uint64_t> asleep{0};
  bench::Countdown done(count);
  for (std::int64_t i = 0; i < count; i++) {
    boost::fibers::fiber([&, i] {
      const std::uint32_t scattered = static_cast<std::uint32_t>(i) * 2654435761u;
      const nanoseconds nap = base + nanoseconds(scattered * spread_ns >> 32);
      const Clock::time_point start = Clock::now();
      boost::this_fiber::sleep_for(nap);
      late[i] = (bench::nanoseconds_since(start) - static_cast<double>(nap.count())) / 1e3;
      asleep += static_cast<std::uint64_t>(nap.count());
      done.done();
    }).detach();
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
    boost::this_fiber::sleep_for(50us);
    us = bench::nanoseconds_since(start) / 1e3 - 50;
  }
  bench::Hash hash;
  hash.add(over.size());
  bench::report("sleep_50us_p50", bench::percentile(over, 50), "us_over", hash);
}

constexpr bench::Benchmark kAll[] = {
    {"sleepers", sleepers},
    {"sleep_50us", short_sleep},
};

}  // namespace

int main(int argc, char** argv) { return bench::run_boost(argc, argv, kAll); }
