// mutex, rw_mutex, cond: locks that park the goroutine instead of blocking the thread.
//
// They have the standard's names for locking, so std::lock_guard, std::unique_lock,
// std::scoped_lock and std::shared_lock work with them:
//
//     gort::mutex m;
//     { std::lock_guard lock(m); ++shared; }
//
// Any OS thread may use them; one that gort did not make blocks. A goroutine may unlock what
// another has locked. Misuse ends the process with Go's text. They neither copy nor move, and may
// be destroyed as soon as nobody holds or wants them, be it by the one that has just got it from
// another who is still on its way out of unlock.
// Not here: other ways to wait (sync.hpp).
#pragma once

#include <type_traits>

#include "gort/context.hpp"
#include "gort/detail/boot_anchor.hpp"
#include "gort/detail/sync_core.hpp"
#include "gort/error.hpp"

namespace gort {

// Mutual exclusion. Go's sync.Mutex: who has waited for more than a millisecond gets the lock
// handed over, else whoever runs competes for it. Not recursive.
class mutex {
 public:
  constexpr mutex() noexcept = default;
  mutex(const mutex&) = delete;
  mutex& operator=(const mutex&) = delete;

  void lock() { core_.lock(); }
  // Throws context_error if `ctx` is done first; then the mutex is not held. If it is free, it is
  // taken.
  void lock(const context& ctx) { core_.lock(&ctx); }
  // True if it is held now. Never waits.
  [[nodiscard]] bool try_lock() noexcept { return core_.try_lock(); }
  // Fatal if it is not locked: "sync: unlock of unlocked mutex".
  void unlock() { core_.unlock(); }

 private:
  detail::mutex_core core_;
};

// Many readers or one writer. Go's sync.RWMutex: a writer that waits keeps new readers out; when it
// is done, the readers that waited go first. So a reader must not lock it again: a writer between
// the two would wait for the first and block the second.
class rw_mutex {
 public:
  constexpr rw_mutex() noexcept = default;
  rw_mutex(const rw_mutex&) = delete;
  rw_mutex& operator=(const rw_mutex&) = delete;

  void lock() { core_.lock(nullptr); }
  void lock(const context& ctx) { core_.lock(&ctx); }  // throws context_error
  [[nodiscard]] bool try_lock() { return core_.try_lock(); }
  void unlock() { core_.unlock(); }  // fatal if misused: "sync: Unlock of unlocked RWMutex"

  // Go's RLock, TryRLock, RUnlock.
  void lock_shared() { core_.lock_shared(nullptr); }
  void lock_shared(const context& ctx) { core_.lock_shared(&ctx); }  // throws context_error
  [[nodiscard]] bool try_lock_shared() noexcept { return core_.try_lock_shared(); }
  void unlock_shared() { core_.unlock_shared(); }  // fatal: "sync: RUnlock of unlocked RWMutex"

 private:
  detail::rw_mutex_core core_;
};

namespace detail {

template <class Lock>
concept basic_lockable = requires(Lock& lock) {
  lock.lock();
  lock.unlock();
};

}  // namespace detail

// Waiting for a condition that a lock guards. Go's sync.Cond. Waiters are woken in the order in
// which they came, and only by a signal: there are no spurious wake-ups; but others may have run
// between the signal and the lock, so test the condition again, or give it as `ready`.
class cond {
 public:
  constexpr cond() noexcept = default;
  // Remembers its mutex for wait(): Go's sync.NewCond.
  constexpr explicit cond(mutex& m) noexcept : mutex_(&m) {}
  cond(const cond&) = delete;
  cond& operator=(const cond&) = delete;

  // Unlocks, waits for a signal, locks again. `lock`: anything with lock() and unlock(), locked.
  template <detail::basic_lockable Lock>
  void wait(Lock& lock) {
    core_.wait(nullptr, unlock_it<Lock>, &lock);
    lock.lock();
  }
  // Throws context_error, with the lock held again, if `ctx` is done first.
  template <detail::basic_lockable Lock>
  void wait(Lock& lock, const context& ctx) {
    const bool signalled = core_.wait(&ctx, unlock_it<Lock>, &lock);
    lock.lock();
    if (!signalled) detail::throw_context_error(ctx);
  }
  // Until `ready()` is true, which is called with the lock held.
  template <detail::basic_lockable Lock, class Ready>
  requires std::is_invocable_v<Ready&>
  void wait(Lock& lock, Ready ready) {
    while (!ready()) wait(lock);
  }
  template <detail::basic_lockable Lock, class Ready>
  void wait(Lock& lock, Ready ready, const context& ctx) {
    while (!ready()) wait(lock, ctx);
  }
  // With the mutex given at construction, held; throws runtime_error if there was none.
  void wait() { wait(own_mutex()); }
  void wait(const context& ctx) { wait(own_mutex(), ctx); }

  // The caller need not hold the lock.
  void signal() { core_.signal(); }        // wakes the one that has waited longest, if any
  void broadcast() { core_.broadcast(); }  // wakes all
  void notify_one() { signal(); }
  void notify_all() { broadcast(); }

 private:
  template <class Lock>
  static void unlock_it(void* lock) {
    static_cast<Lock*>(lock)->unlock();
  }
  mutex& own_mutex() const {
    if (mutex_ == nullptr) throw runtime_error("sync: wait of a cond that was given no mutex");
    return *mutex_;
  }

  detail::cond_core core_;
  mutex* mutex_ = nullptr;
};

}  // namespace gort
