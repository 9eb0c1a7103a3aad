// Boost.Fiber's peer of locking.cc, where each number is defined.

#include <cstdint>
#include <vector>

#include "harness_boost.h"

namespace {

using bench::best_of_3;
using bench::churn;
using bench::scaled;
using boost::fibers::fiber;

constexpr std::int64_t kGoroutines = 8;

void uncontended() {
  const std::int64_t pairs = scaled(10000000, 50000);
  const auto [ns, hash] = best_of_3([&] {
    boost::fibers::mutex lock;
    std::uint64_t count = 0;
    for (std::int64_t i = 0; i < pairs; i++) {
      lock.lock();
      count++;
      lock.unlock();
    }
    return count;
  });
  bench::report("mutex_uncontended", ns / pairs, "ns/pair", hash);
}

void contended() {
  const std::int64_t each = scaled(4000000, 40000) / kGoroutines;
  const auto [ns, hash] = best_of_3([&] {
    boost::fibers::mutex lock;
    std::uint64_t count = 0;
    std::vector<fiber> fibers;
    for (std::int64_t g = 0; g < kGoroutines; g++) {
      fibers.emplace_back([&] {
        for (std::int64_t i = 0; i < each; i++) {
          lock.lock();
          count++;
          lock.unlock();
        }
      });
    }
    for (fiber& f : fibers) f.join();
    return count;
  });
  bench::report("mutex_contended", ns / (each * kGoroutines), "ns/pair", hash);
}

void contended_work() {
  const std::int64_t each = scaled(400000, 8000) / kGoroutines;
  const auto [ns, hash] = best_of_3([&] {
    boost::fibers::mutex lock;
    std::uint64_t inside = 1, outside = 0;
    std::vector<fiber> fibers;
    for (std::int64_t g = 0; g < kGoroutines; g++) {
      fibers.emplace_back([&, own = static_cast<std::uint64_t>(g + 1)]() mutable {
        for (std::int64_t i = 0; i < each; i++) {
          lock.lock();
          inside = churn(inside);
          lock.unlock();
          own = churn(own);
        }
        lock.lock();
        outside += own;
        lock.unlock();
      });
    }
    for (fiber& f : fibers) f.join();
    return inside + outside;
  });
  bench::report("mutex_contended_work", ns / (each * kGoroutines), "ns/pair", hash);
}

constexpr bench::Benchmark kAll[] = {
    {"mutex_uncontended", uncontended},
    {"mutex_contended", contended},
    {"mutex_contended_work", contended_work},
};

}  // namespace

int main(int argc, char** argv) { return bench::run_boost(argc, argv, kAll); }
