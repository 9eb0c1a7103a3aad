// What has been done so far. Written by many goroutines, read by the progress line at any time: the
// numbers are counters on their own, so relaxed atomics are enough; the final report reads them
// after everyone has finished.
#pragma once

#include <atomic>
#include <cstdint>

namespace textindex {

struct totals {
  std::atomic<std::uint64_t> files{0};  // whose text was counted
  std::atomic<std::uint64_t> bytes{0};
  std::atomic<std::uint64_t> binary{0};  // left out
  std::atomic<std::uint64_t> failed{0};  // directories and files that could not be read

  static void add(std::atomic<std::uint64_t>& counter, std::uint64_t n) {
    counter.fetch_add(n, std::memory_order_relaxed);
  }
};

}  // namespace textindex
