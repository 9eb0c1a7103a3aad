// The contended path of SpinLock.
//
// Waits by reading, so that the cache line stays shared until the holder releases it, and lets
// Backoff decide when to stop burning the CPU that the holder may need. Runs on any thread.
// Not here: the fast path and the elision (spin_lock.h).
#include "base/spin_lock.h"

namespace gort::base {

std::atomic<bool> exclusive_runtime{false};

void SpinLock::lock_slow() {
  Backoff backoff;
  do {
    while (held_.load(std::memory_order_relaxed) != 0) backoff.step();
  } while (held_.exchange(1, std::memory_order_acquire) != 0);
}

}  // namespace gort::base
