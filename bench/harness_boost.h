// Starts Boost.Fiber as its documentation says, on GOMAXPROCS threads, around harness.h.
//
// One thread: the default round_robin scheduler. More: work_stealing in every thread, with the same
// count (its constructor waits until all have come); the threads beside main() then wait on a
// fiber condition variable, and so run what they steal, until the benchmarks are over. `suspend`
// keeps its default, false: idle threads spin; with true a sleeping thread is never woken to steal.
//
// A peer x_boost.cc has those sub-benchmarks of x.cc that Boost.Fiber offers; where it lacks the
// operation, or would need an order of magnitude more memory than the machine has, there is none.
// Its channels hold one element less than their capacity, which must be a power of two.

#pragma once

#include <boost/fiber/all.hpp>

#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

#include "harness.h"

namespace bench {

// What a wait group is elsewhere; Boost.Fiber has none.
class Countdown {
 public:
  explicit Countdown(std::int64_t left) : left_(left) {}
  void done() {
    std::unique_lock lock(mutex_);
    if (--left_ == 0) zero_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    zero_.wait(lock, [this] { return left_ == 0; });
  }

 private:
  boost::fibers::mutex mutex_;
  boost::fibers::condition_variable zero_;
  std::int64_t left_;
};

inline int run_boost(int argc, char** argv, std::span<const Benchmark> all) {
  const char* text = std::getenv("GOMAXPROCS");
  const int threads = text == nullptr ? 1 : std::atoi(text);
  if (threads <= 1) return run_named(argc, argv, all);

  std::mutex mutex;
  boost::fibers::condition_variable_any over;
  bool is_over = false;
  std::vector<std::thread> others;
  for (int i = 1; i < threads; i++) {
    others.emplace_back([&] {
      boost::fibers::use_scheduling_algorithm<boost::fibers::algo::work_stealing>(threads);
      std::unique_lock lock(mutex);
      over.wait(lock, [&] { return is_over; });
    });
  }
  boost::fibers::use_scheduling_algorithm<boost::fibers::algo::work_stealing>(threads);
  const int status = run_named(argc, argv, all);
  {
    std::unique_lock lock(mutex);
    is_over = true;
  }
  over.notify_all();
  for (std::thread& other : others) other.join();
  return status;
}

}  // namespace bench
