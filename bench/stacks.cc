// Stacks: what depth costs.
//
//   recursion       a goroutine recurses through 1,000,000 small frames. recursion_first is the
//                   first time, when its stack has to grow to 32 MB; recursion_again, best of
//                   three, is the same goroutine doing it once more; per frame
//   fresh_200_deep  10,000 new goroutines each recurse through 200 frames, then all are awaited: a
//                   goroutine that needs a little more stack than it was born with; per goroutine

#include <gort/gort.hpp>

#include <atomic>
#include <cstdint>

#include "harness.h"
#include "recurse.h"

namespace {

using bench::best_of_3;
using bench::recurse;
using bench::scaled;

void recursion() {
  const auto depth = static_cast<std::uint64_t>(scaled(1000000, 10000));
  double first_ns = 0;
  bench::Hash first_hash;
  bench::Best again{};
  gort::wait_group done;
  done.add(1);
  gort::go([&] {
    const auto start = bench::Clock::now();
    first_hash.add(recurse(depth));
    first_ns = bench::nanoseconds_since(start);
    again = best_of_3([&] { return recurse(depth); });
    done.done();
  });
  done.wait();
  bench::report("recursion_first", first_ns / depth, "ns/frame", first_hash);
  bench::report("recursion_again", again.ns / depth, "ns/frame", again.hash);
}

void fresh() {
  const std::int64_t count = scaled(10000, 500);
  const auto [ns, hash] = best_of_3([&] {
    std::atomic<std::uint64_t> sum{0};
    gort::wait_group done;
    done.add(count);
    for (std::int64_t i = 0; i < count; i++) {
      gort::go([&] {
        sum += recurse(200);
        done.done();
      });
    }
    done.wait();
    return sum.load();
  });
  bench::report("fresh_200_deep", ns / count, "ns/goroutine", hash);
}

constexpr bench::Benchmark kAll[] = {
    {"recursion", recursion},
    {"fresh_200_deep", fresh},
};

}  // namespace

int main(int argc, char** argv) {
  return gort::run([&] { return bench::run_named(argc, argv, kAll); });
}
