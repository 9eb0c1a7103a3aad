// Locking: the mutex.
//
//   mutex_uncontended     one goroutine locks and unlocks; per pair
//   mutex_contended       eight goroutines do so with one mutex and an empty critical section; per
//                         pair of any of them
//   mutex_contended_work  the same with 0.2 microseconds of computing inside the lock and as much
//                         outside: how well waiting is organised, not what an atomic costs

#include <gort/gort.hpp>

#include <cstdint>

#include "harness.h"

namespace {

using bench::best_of_3;
using bench::churn;
using bench::scaled;

constexpr std::int64_t kGoroutines = 8;

void uncontended() {
  const std::int64_t pairs = scaled(10000000, 50000);
  const auto [ns, hash] = best_of_3([&] {
    gort::mutex lock;
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
    gort::mutex lock;
    gort::wait_group done;
    std::uint64_t count = 0;
    done.add(kGoroutines);
    for (std::int64_t g = 0; g < kGoroutines; g++) {
      gort::go([&] {
        for (std::int64_t i = 0; i < each; i++) {
          lock.lock();
          count++;
          lock.unlock();
        }
        done.done();
      });
    }
    done.wait();
    return count;
  });
  bench::report("mutex_contended", ns / (each * kGoroutines), "ns/pair", hash);
}

void contended_work() {
  const std::int64_t each = scaled(400000, 8000) / kGoroutines;
  const auto [ns, hash] = best_of_3([&] {
    gort::mutex lock;
    gort::wait_group done;
    std::uint64_t inside = 1, outside = 0;
    done.add(kGoroutines);
    for (std::int64_t g = 0; g < kGoroutines; g++) {
      gort::go([&, own = static_cast<std::uint64_t>(g + 1)]() mutable {
        for (std::int64_t i = 0; i < each; i++) {
          lock.lock();
          inside = churn(inside);
          lock.unlock();
          own = churn(own);
        }
        lock.lock();
        outside += own;
        lock.unlock();
        done.done();
      });
    }
    done.wait();
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

int main(int argc, char** argv) {
  return gort::run([&] { return bench::run_named(argc, argv, kAll); });
}
