// Single stops of the world by gort's collector, between two instants: from the histogram of
// mem_stats, as harness.go does from Go's.

#pragma once

#include <gort/gort.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace bench {

class Stops {
 public:
  Stops() : counts_(gort::read_mem_stats().pause_histogram) {}

  // The median and the longest of the stops since `before`, in us: upper bounds of their buckets.
  std::pair<double, double> since(const Stops& before) const {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < kBuckets; i++) total += counts_[i] - before.counts_[i];
    std::uint64_t seen = 0;
    double median = 0, longest = 0;
    for (std::size_t i = 0; i < kBuckets; i++) {
      const std::uint64_t count = counts_[i] - before.counts_[i];
      if (count == 0) continue;
      const std::size_t above = i + 1 < kBuckets ? i + 1 : i;
      longest = static_cast<double>(gort::mem_stats::pause_bound(above)) / 1e3;
      if (seen < (total + 1) / 2) median = longest;
      seen += count;
    }
    return {median, longest};
  }

 private:
  static constexpr std::size_t kBuckets = gort::mem_stats::kPauseBuckets;
  decltype(gort::mem_stats::pause_histogram) counts_;
};

}  // namespace bench
