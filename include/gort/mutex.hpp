// mutex, rw_mutex, cond: locks that park the goroutine instead of blocking the thread.
//
// They have the standard's names for locking, so std::lock_guard, std::unique_lock, std::scoped_lock and
// std::shared_lock work with them. Any OS thread may use them; one that gort did not make blocks. Misuse
// ends the process with Go's text. They neither copy nor move. Not here: other ways to wait (sync.hpp).
#pragma once

#include "gort/context.hpp"
#include "gort/detail/boot_anchor.hpp"
#include "gort/detail/sync_core.hpp"
#include "gort/error.hpp"

namespace gort {

// Mutual exclusion. Go's sync.Mutex: who has waited for more than a millisecond gets the lock handed over, else
// whoever runs competes for it. Not recursive. A goroutine may unlock what another has locked.
class mutex {
 public:
  mutex() = default;
  mutex(const mutex&) = delete;
  mutex& operator=(const mutex&) = delete;

  void lock() { core_.lock(); }
  // Throws context_error if `ctx` is done first; then the mutex is not held.
  void lock(const context& ctx) {
    if (!core_.try_lock()) core_.lock_slow(&ctx);
  }
  bool try_lock() noexcept { return core_.try_lock(); }
  // Fatal if it is not locked: "sync: unlock of unlocked mutex".
  void unlock() { core_.unlock(); }

 private:
  detail::mutex_core core_;
};

// Many readers or one writer. Go's sync.RWMutex: a writer that waits keeps new readers out; when it is
// done, the readers that waited go first.
class rw_mutex {
 public:
  rw_mutex() = default;
  rw_mutex(const rw_mutex&) = delete;
  rw_mutex& operator=(const rw_mutex&) = delete;

  void lock() { core_.lock(nullptr); }
  void lock(const context& ctx) { core_.lock(&ctx); }  // throws context_error
  bool try_lock() { return core_.try_lock(); }
  void unlock() { core_.unlock(); }  // fatal if misused: "sync: Unlock of unlocked RWMutex"

  void lock_shared() { core_.lock_shared(nullptr); }
  void lock_shared(const context& ctx) { core_.lock_shared(&ctx); }  // throws context_error
  bool try_lock_shared() { return core_.try_lock_shared(); }
  void unlock_shared() { core_.unlock_shared(); }  // fatal: "sync: RUnlock of unlocked RWMutex"

 private:
  detail::rw_mutex_core core_;
};

// Waiting for a condition that a lock guards. Go's sync.Cond, with the lock given to wait as in the
// standard. Waiters are woken in the order in which they came, and only by a signal: there are no
// spurious wake-ups.
class cond {
 public:
  cond() = default;
  // With its lock, as Go's NewCond; then wait() needs none.
  explicit cond(mutex& lock) : lock_(&lock) {}
  cond(const cond&) = delete;
  cond& operator=(const cond&) = delete;

  // Unlocks, waits for a signal, locks again. `lock`: anything with lock() and unlock(), locked; its unlock must
  // not park.
  template <class Lock>
    requires(!std::is_same_v<std::remove_const_t<Lock>, context>)
  void wait(Lock& lock) {
    core_.wait(nullptr, unlock_it<Lock>, &lock);
    lock.lock();
  }
  // Throws context_error, with the lock held again, if `ctx` is done first.
  template <class Lock>
  void wait(Lock& lock, const context& ctx) {
    const bool signalled = core_.wait(&ctx, unlock_it<Lock>, &lock);
    lock.lock();
    if (!signalled) detail::throw_context_error(ctx);
  }
  // With the lock that was given at construction, locked by the caller; runtime_error if none was.
  void wait() { wait(own_lock()); }
  void wait(const context& ctx) { wait(own_lock(), ctx); }
  // Until `ready()` is true.
  template <class Lock, class Ready>
    requires(!std::is_convertible_v<Ready, const context&>)
  void wait(Lock& lock, Ready ready) {
    while (!ready()) wait(lock);
  }
  template <class Lock, class Ready>
  void wait(Lock& lock, Ready ready, const context& ctx) {
    while (!ready()) wait(lock, ctx);
  }

  void signal() { core_.signal(); }        // wakes the one that has waited longest, if any
  void broadcast() { core_.broadcast(); }  // wakes all
  void notify_one() { signal(); }
  void notify_all() { broadcast(); }

 private:
  mutex& own_lock() const {
    if (lock_ == nullptr) throw runtime_error("cond: wait without a lock");
    return *lock_;
  }
  template <class Lock>
  static void unlock_it(void* lock) {
    static_cast<Lock*>(lock)->unlock();
  }
  detail::cond_core core_;
  mutex* lock_ = nullptr;
};

}  // namespace gort
