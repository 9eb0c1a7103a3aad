// The lock of short critical sections, and its elision on one processor.
//
// Taking it is one exchange, releasing it a plain store: no waiter count, no hand-off. Sections are
// a few dozen instructions and hold no second wait, so a waiter spins, then gives its CPU away.
// What waits long (a goroutine for a channel) never waits here but parks.
//
// With one processor and no foreign thread, only one OS thread at a time is inside the runtime
// (sched/safepoint.h [E2]), so Elided locks need no atomic instruction at all: `exclusive_runtime`
// says so, and changes only while every thread is outside. An exchange costs 2 to 9 ns, a channel
// operation has a budget of 5.
//
// [L1] A SpinLock is taken and released inside one runtime section, and nothing parks meanwhile; or
//      always outside, and nothing enters the runtime meanwhile (sync/pool.cc).
// Runs on any thread. Not here: the order of locks (lock_rank.h).
#pragma once

#include <atomic>
#include <cstdint>

#include "base/event.h"

namespace gort::base {

class SpinLock {
 public:
  void lock() {
    interleave();
    if (held_.exchange(1, std::memory_order_acquire) != 0) [[unlikely]]
      lock_slow();
  }
  bool try_lock() { return held_.exchange(1, std::memory_order_acquire) == 0; }
  void unlock() {
    held_.store(0, std::memory_order_release);
    interleave();
  }
  bool is_locked() const { return held_.load(std::memory_order_relaxed) != 0; }

 private:
  friend class ElidedLock;
  void lock_slow();
  std::atomic<std::uint32_t> held_{0};
};

// True while at most one thread can be inside the runtime. Written by sched/world.cc with the world
// stopped; read by whoever is inside.
extern std::atomic<bool> exclusive_runtime;

[[gnu::always_inline]] inline bool runtime_is_exclusive() {
#if defined(__SANITIZE_THREAD__)
  return false;  // the race detector should see the locks
#else
  return exclusive_runtime.load(std::memory_order_relaxed);
#endif
}

// For what only threads inside the runtime touch: channels, mutexes, timers.
class ElidedLock {
 public:
  void lock() {
    if (runtime_is_exclusive()) {
      lock_.held_.store(1, std::memory_order_relaxed);
    } else {
      lock_.lock();
    }
  }
  void unlock() { lock_.unlock(); }
  bool is_locked() const { return lock_.is_locked(); }

 private:
  SpinLock lock_;
};

template <class Lock>
class [[nodiscard]] Guard {
 public:
  explicit Guard(Lock& lock) : lock_(lock) { lock_.lock(); }
  ~Guard() { lock_.unlock(); }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

 private:
  Lock& lock_;
};

}  // namespace gort::base
