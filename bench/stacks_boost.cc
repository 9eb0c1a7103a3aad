// Boost.Fiber's peer of stacks.cc, where each number is defined. Its stacks do not grow (128 KiB by
// default), so a recursion of 1,000,000 frames has no peer.

#include <atomic>
#include <cstdint>
#include <vector>

#include "harness_boost.h"
#include "recurse.h"

namespace {

void fresh() {
  const std::int64_t count = bench::scaled(10000, 500);
  const auto [ns, hash] = bench::best_of_3([&] {
    std::atomic<std::uint64_t> sum{0};
    std::vector<boost::fibers::fiber> fibers;
    for (std::int64_t i = 0; i < count; i++) {
      fibers.emplace_back([&] { sum += bench::recurse(200); });
    }
    for (boost::fibers::fiber& f : fibers) f.join();
    return sum.load();
  });
  bench::report("fresh_200_deep", ns / count, "ns/goroutine", hash);
}

constexpr bench::Benchmark kAll[] = {
    {"fresh_200_deep", fresh},
};

}  // namespace

int main(int argc, char** argv) { return bench::run_boost(argc, argv, kAll); }
