// Waiting for each other: wait_group, once, once_value, semaphore, pool; and all of the locks and groups.
//
// Every type here may be used from any OS thread; one that gort did not make blocks where a goroutine would park. None of
// them copies or moves, unless it says so. A blocking call with a context as its last argument throws context_error
// when that is done first. Not here: mutex, rw_mutex, cond (mutex.hpp), concurrent_map (concurrent_map.hpp),
// errgroup and singleflight (groups.hpp), task and task_group (task.hpp).
#pragma once

#include <cxxabi.h>

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "gort/concurrent_map.hpp"
#include "gort/context.hpp"
#include "gort/detail/sync_core.hpp"
#include "gort/go.hpp"
#include "gort/groups.hpp"
#include "gort/mutex.hpp"
#include "gort/task.hpp"

namespace gort {

// Waits for a number of goroutines to be done. Go's sync.WaitGroup. Reusable once wait has returned.
class wait_group {
 public:
  wait_group() = default;
  wait_group(const wait_group&) = delete;
  wait_group& operator=(const wait_group&) = delete;

  // Fatal if the count becomes negative: "sync: negative WaitGroup counter".
  void add(std::int64_t delta = 1) { core_.add(delta); }
  void done() { core_.add(-1); }
  // Until the count is zero.
  void wait() { core_.wait(nullptr); }
  void wait(const context& ctx) { core_.wait(&ctx); }
  // Starts f(args...) in a goroutine that counts. An exception that leaves it ends the process.
  template <class F, class... Args>
  void go(F&& f, Args&&... args) {
    struct counted_call {
      std::decay_t<F> f;
      wait_group* group;
      void operator()(std::decay_t<Args>... given) {
        // Not at unwinding: a panic must be seen with its stack before anybody is let go. goexit counts.
        struct finish {
          wait_group* group;
          ~finish() {
            if (std::uncaught_exceptions() == 0) group->done();
          }
        } at_end{group};
        std::invoke(std::move(f), std::move(given)...);
      }
    };
    add(1);
    try {
      gort::go(counted_call{std::forward<F>(f), this}, std::forward<Args>(args)...);
    } catch (...) {
      done();
      throw;
    }
  }

 private:
  detail::wait_group_core core_;
};

// Runs a function once. Go's sync.Once: if the function throws, it counts as run, and the exception goes to the
// caller whose call it was.
class once {
 public:
  once() = default;
  once(const once&) = delete;
  once& operator=(const once&) = delete;

  // When it returns, the function of the first call has ended. Must not be called from within it.
  template <class F>
  void call(F&& f) {
    if (!has_run_.load(std::memory_order_acquire)) call_slow(std::forward<F>(f));
  }

 private:
  template <class F>
  void call_slow(F&& f) {
    mutex_.lock();
    struct release {
      once* self;
      bool ran;
      ~release() {
        if (ran) self->has_run_.store(true, std::memory_order_release);
        self->mutex_.unlock();
      }
    } at_end{this, false};
    if (has_run_.load(std::memory_order_relaxed)) return;
    at_end.ran = true;
    std::invoke(std::forward<F>(f));
  }
  std::atomic<bool> has_run_{false};
  mutex mutex_;
};

// A function that calls f once, when it is first called, and gives everybody its value; or its exception.
// Copies share it. Go's sync.OnceValue.
template <class F>
auto once_value(F f) {
  using value = std::invoke_result_t<F&>;
  struct state {
    explicit state(F given) : f(std::move(given)) {}
    F f;
    once run;
    std::optional<value> result;
    std::exception_ptr failure;
  };
  return [shared = std::make_shared<state>(std::move(f))]() -> const value& {
    shared->run.call([&] {
      try {
        shared->result.emplace(shared->f());
      } catch (const abi::__forced_unwind&) {
        throw;  // goexit
      } catch (...) {
        shared->failure = std::current_exception();
      }
    });
    if (shared->failure) std::rethrow_exception(shared->failure);
    return *shared->result;
  };
}

// The same without a value. Go's sync.OnceFunc.
template <class F>
auto once_func(F f) {
  auto value = once_value([f = std::move(f)]() mutable {
    f();
    return true;
  });
  return [value] { static_cast<void>(value()); };
}

// So many permits; each holder takes some. Strictly first come, first served, so that a large request is not
// starved by small ones. Go's semaphore.Weighted.
class semaphore {
 public:
  // Throws runtime_error for a negative number.
  explicit semaphore(std::int64_t permits) : core_(permits) {
    if (permits < 0) throw runtime_error("semaphore: negative size");
  }
  semaphore(const semaphore&) = delete;
  semaphore& operator=(const semaphore&) = delete;

  // More than there are in all: waits for ever (with a context: until that is done).
  void acquire(std::int64_t permits = 1) { core_.acquire(checked(permits), nullptr); }
  void acquire(std::int64_t permits, const context& ctx) { core_.acquire(checked(permits), &ctx); }
  void acquire(const context& ctx) { core_.acquire(1, &ctx); }
  bool try_acquire(std::int64_t permits = 1) { return core_.try_acquire(checked(permits)); }
  // Fatal if more than is held: "semaphore: released more than held".
  void release(std::int64_t permits = 1) { core_.release(checked(permits)); }

 private:
  static std::int64_t checked(std::int64_t permits) {
    if (permits < 0) throw runtime_error("semaphore: negative number of permits");
    return permits;
  }
  detail::semaphore_core core_;
};

// Things that are dear to make, kept for whoever needs one next. What nobody takes for two periods of two seconds
// is dropped by a later put or get (a collection empties Go's sync.Pool likewise), so a pool must not hold the only copy
// of anything. Any movable T.
template <class T>
class pool {
 public:
  pool() = default;
  // `make` is called when get finds nothing.
  explicit pool(std::function<T()> make) : make_(std::move(make)) {}
  pool(const pool&) = delete;
  pool& operator=(const pool&) = delete;

  // Something that was put, the latest first; else a new one: make()'s, or T().
  T get() {
    if (std::optional<T> found = take()) return std::move(*found);
    if (make_) return make_();
    if constexpr (std::is_default_constructible_v<T>) {
      return T();
    } else {
      throw runtime_error("pool: empty, and no function to make a value");
    }
  }
  void put(T value) {
    std::vector<T> dropped;  // destroyed outside the lock
    mutex_.lock();
    age(dropped);
    try {
      young_.push_back(std::move(value));
    } catch (...) {
      mutex_.unlock();
      throw;
    }
    mutex_.unlock();
  }

 private:
  std::optional<T> take() {
    std::vector<T> dropped;
    std::optional<T> found;
    mutex_.lock();
    age(dropped);
    std::vector<T>& from = young_.empty() ? old_ : young_;
    if (!from.empty()) {
      found.emplace(std::move(from.back()));
      from.pop_back();
    }
    mutex_.unlock();
    return found;
  }
  void age(std::vector<T>& dropped) {
    const auto now = std::chrono::steady_clock::now();
    if (now - aged_ < std::chrono::seconds(2)) return;
    aged_ = now;
    dropped = std::exchange(old_, std::exchange(young_, {}));
  }

  std::function<T()> make_;
  mutex mutex_;
  std::vector<T> young_, old_;
  std::chrono::steady_clock::time_point aged_ = std::chrono::steady_clock::now();
};

}  // namespace gort
