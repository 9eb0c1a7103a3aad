// What the public locks and groups are made of, and the functions behind them.
//
// An uncontended lock is a compare-and-swap in the caller; everything that waits is compiled once, in src/sync. The queue of
// those who wait is opaque here: a lock and two pointers, all zero when empty.
//
// These names are for gort's headers, not for users. Not here: how they wait (src/sync/mutex.cc and its
// neighbours).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace gort {
class context;
}

namespace gort::detail {

// A lock and a queue of waiters (sync::WaitList).
struct wait_list {
  alignas(8) std::byte storage[24] = {};
};

// True where the kernel has no process-wide barrier: then an unlock pays for its fence itself ([U1] in mutex.cc).
extern std::atomic<bool> unlock_needs_fence;

// How many wait for any mutex whose address falls into a bucket. Outside the mutexes, because an unlocker looks
// after it has let go, when the mutex may already be gone ([U2] in mutex.cc).
inline constexpr std::size_t kParkingBuckets = 256;
struct alignas(64) parking_count {
  std::atomic<std::uint32_t> waiters{0};
};
extern parking_count parking_counts[kParkingBuckets];
inline std::size_t parking_bucket(const void* address) noexcept {
  return (reinterpret_cast<std::uintptr_t>(address) >> 2) * 0x9e3779b97f4a7c15u >> 56;
}

struct mutex_core {
  static constexpr std::uint32_t kHeld = 1;
  static constexpr std::uint32_t kStarving = 2;  // with kHeld: unlock hands over

  std::atomic<std::uint32_t> state{0};

  bool try_lock() noexcept {
    std::uint32_t free = 0;
    return state.compare_exchange_strong(free, kHeld, std::memory_order_acquire,
                                         std::memory_order_relaxed);
  }
  void lock() {
    if (!try_lock()) [[unlikely]] lock_slow(nullptr);
  }
  void unlock() {
    if (state.load(std::memory_order_relaxed) != kHeld) [[unlikely]] return unlock_slow();
    const std::size_t bucket = parking_bucket(this);
    state.store(0, std::memory_order_release);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (unlock_needs_fence.load(std::memory_order_relaxed)) [[unlikely]] {
      std::atomic_thread_fence(std::memory_order_seq_cst);
    }
    if (parking_counts[bucket].waiters.load(std::memory_order_relaxed) != 0) [[unlikely]] {
      wake_one(this, bucket);
    }
  }

  void lock_slow(const context* ctx);
  void unlock_slow();  // hands over, or it was not locked
  static void wake_one(mutex_core* address, std::size_t bucket);
};

struct rw_mutex_core {
  wait_list list;            // its lock guards all of this
  std::uint32_t readers = 0;
  std::uint32_t waiting_writers = 0;
  bool writer = false;

  void lock_shared(const context* ctx);
  bool try_lock_shared();
  void unlock_shared();
  void lock(const context* ctx);
  bool try_lock();
  void unlock();
};

struct cond_core {
  wait_list list;

  // Waits in the order of calls. `unlock` is called when the caller stands in the queue; the caller locks again.
  // False: `ctx` was done first.
  bool wait(const context* ctx, void (*unlock)(void*), void* lock);
  void signal();
  void broadcast();
};

struct wait_group_core {
  std::atomic<std::uint64_t> state{0};  // high half: the count; low half: how many wait
  wait_list list;

  void add(std::int64_t delta);
  void wait(const context* ctx);
};

struct semaphore_core {
  wait_list list;
  std::int64_t size;
  std::int64_t held = 0;

  explicit semaphore_core(std::int64_t permits) : size(permits) {}
  void acquire(std::int64_t permits, const context* ctx);
  bool try_acquire(std::int64_t permits);
  void release(std::int64_t permits);
};

// One value that is set once: a task's end.
struct gate_core {
  std::atomic<bool> is_open{false};
  wait_list list;

  void set();
  void wait(const context* ctx);
};

}  // namespace gort::detail
