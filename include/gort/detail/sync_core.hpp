// What the public locks and groups are made of, and the functions behind them.
//
// A lock that nobody else wants is taken and released in the caller, by the few instructions that
// are inline here; everything that waits is compiled once, in src/sync. Those who wait for a mutex
// or a rw_mutex stand in a table of the runtime's, by address, so both are a word or two; the
// others have a queue of their own, opaque here: a lock and two pointers, all zero when empty.
//
// All of them may live in static storage, are usable before main, and need no destruction.
// These names are for gort's headers, not for users. Not here: how they wait (src/sync/parking.h,
// mutex.cc and its neighbours).
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

// Per bucket of the table of waiters: 1 while whoever unlocks a mutex of this bucket need not look
// whether anybody waits for it. Outside the mutexes, because an unlocker looks after it has let go,
// when the mutex may already be gone ([U2] in mutex.cc).
inline constexpr unsigned kParkingBits = 10;
inline constexpr std::size_t kParkingBuckets = std::size_t{1} << kParkingBits;
extern std::atomic<std::uint8_t> parking_calm[kParkingBuckets];
inline std::size_t parking_bucket(const void* address) noexcept {
  const auto number = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(address)) >> 2;
  return static_cast<std::size_t>(number * 0x9e3779b97f4a7c15u >> (64 - kParkingBits));
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
    if (!try_lock()) [[unlikely]]
      lock_slow(nullptr);
  }
  void lock(const context* ctx) {
    if (!try_lock()) [[unlikely]]
      lock_slow(ctx);
  }
  void unlock() {
    if (state.load(std::memory_order_relaxed) != kHeld) [[unlikely]]
      return unlock_slow();
    const std::size_t bucket = parking_bucket(this);
    state.store(0, std::memory_order_release);
    std::atomic_signal_fence(std::memory_order_seq_cst);  // [U1]
    if (parking_calm[bucket].load(std::memory_order_relaxed) == 0) [[unlikely]] {
      unlocked_attended(this, bucket);
    }
  }

  void lock_slow(const context* ctx);  // throws context_error; null: never
  void unlock_slow();                  // hands over, or it was not locked
  // After the unlock; `address` may be no mutex any more.
  static void unlocked_attended(mutex_core* address, std::size_t bucket) noexcept;
};

struct rw_mutex_core {
  static constexpr std::uint32_t kWriter = std::uint32_t{1} << 31;
  static constexpr std::uint32_t kPending = std::uint32_t{1} << 30;  // somebody waits
  static constexpr std::uint32_t kReaders = kPending - 1;            // how many hold it

  mutex_core writers;  // the writer that holds `state` or waits for its readers
  std::atomic<std::uint32_t> state{0};

  void lock_shared(const context* ctx) {
    const std::uint32_t before = state.fetch_add(1, std::memory_order_acquire);
    if ((before & ~kReaders) != 0) [[unlikely]]
      lock_shared_slow(ctx);
  }
  bool try_lock_shared() noexcept {
    std::uint32_t seen = state.load(std::memory_order_relaxed);
    while ((seen & ~kReaders) == 0) {
      if (state.compare_exchange_weak(seen, seen + 1, std::memory_order_acquire,
                                      std::memory_order_relaxed)) {
        return true;
      }
    }
    return false;
  }
  void unlock_shared() {
    const std::uint32_t before = state.fetch_sub(1, std::memory_order_release);
    if ((before & kPending) != 0 || (before & kReaders) == 0) [[unlikely]] {
      unlocked_shared_slow(this, before);
    }
  }
  void lock(const context* ctx) {
    writers.lock(ctx);
    std::uint32_t free = 0;
    if (!state.compare_exchange_strong(free, kWriter, std::memory_order_acquire,
                                       std::memory_order_relaxed)) [[unlikely]] {
      lock_slow(ctx);
    }
  }
  bool try_lock() {
    if (!writers.try_lock()) return false;
    std::uint32_t free = 0;
    if (state.compare_exchange_strong(free, kWriter, std::memory_order_acquire,
                                      std::memory_order_relaxed)) {
      return true;
    }
    writers.unlock();
    return false;
  }
  void unlock() {
    if ((state.load(std::memory_order_relaxed) & kWriter) == 0) [[unlikely]]
      fatal_unlock();
    // In this order: once `state` is free, the next holder may end the whole.
    writers.unlock();
    const std::uint32_t before = state.fetch_sub(kWriter, std::memory_order_release);
    if ((before & kPending) != 0) [[unlikely]]
      admit_waiters(this);
  }

  void lock_shared_slow(const context* ctx);
  static void unlocked_shared_slow(rw_mutex_core* address, std::uint32_t before);
  void lock_slow(const context* ctx);  // `writers` is held; lets go of it if it throws
  static void admit_waiters(rw_mutex_core* address);
  [[noreturn]] static void fatal_unlock();
};

struct cond_core {
  std::atomic<std::uint32_t> waiting{0};
  wait_list list;

  // Waits in the order of calls. `unlock` is called when the caller stands in the queue; the caller
  // locks again. False: `ctx` was done first.
  bool wait(const context* ctx, void (*unlock)(void*), void* lock);
  void signal() {
    if (waiting.load(std::memory_order_relaxed) != 0) signal_slow();
  }
  void broadcast() {
    if (waiting.load(std::memory_order_relaxed) != 0) broadcast_slow();
  }

  void signal_slow();
  void broadcast_slow();
};

struct wait_group_core {
  std::atomic<std::uint64_t> state{0};  // high half: the count, signed; low half: how many wait
  wait_list list;

  void add(std::int64_t delta) {
    const std::uint64_t change = static_cast<std::uint64_t>(delta) << 32;
    std::uint64_t before = state.load(std::memory_order_relaxed);
    std::uint64_t next;
    do {
      next = before + change;
      if (needs_care(next)) [[unlikely]]
        return add_slow(change);
    } while (!state.compare_exchange_weak(before, next, std::memory_order_acq_rel,
                                          std::memory_order_relaxed));
  }
  // Negative, or zero while somebody waits.
  static constexpr bool needs_care(std::uint64_t next) noexcept {
    return static_cast<std::int64_t>(next) < 0 || next - 1 < 0xffff'ffff;
  }

  void add_slow(std::uint64_t change);
  void wait(const context* ctx);
};

struct semaphore_core {
  wait_list list;  // its lock guards all of this
  std::int64_t size;
  std::int64_t held = 0;

  explicit semaphore_core(std::int64_t permits) : size(permits) {}
  void acquire(std::int64_t permits, const context* ctx);
  bool try_acquire(std::int64_t permits);
  void release(std::int64_t permits);
};

// Opens once: a task's end. Whoever opens it keeps it alive meanwhile.
struct gate_core {
  std::atomic<bool> is_open{false};
  wait_list list;

  void open();
  void wait(const context* ctx) {
    if (!is_open.load(std::memory_order_acquire)) wait_slow(ctx);
  }

  void wait_slow(const context* ctx);
};

// For atomic_ptr: waits, in the table, while `*slot` is `old`, and wakes those who wait at `slot`.
void wait_reference(void* const* slot, const void* old);
void notify_reference(const void* slot, bool all);

// A number that differs between threads that run at the same time, mostly.
unsigned thread_hint() noexcept;

}  // namespace gort::detail
