// Waiting for each other: wait_group, once, once_value, once_func, semaphore; and, included from
// here, all of the locks, groups and shared containers.
//
// Every type here may be used from any OS thread; one that gort did not make blocks where a
// goroutine would park. None of them copies or moves, unless it says so. A blocking call with a
// context as its last argument throws context_error when that is done first.
// Not here: mutex, rw_mutex, cond (mutex.hpp), concurrent_map (concurrent_map.hpp), pool
// (pool.hpp), errgroup and singleflight (groups.hpp), task and task_group (task.hpp).
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "gort/concurrent_map.hpp"
#include "gort/context.hpp"
#include "gort/detail/handle.hpp"
#include "gort/detail/sync_core.hpp"
#include "gort/error.hpp"
#include "gort/go.hpp"
#include "gort/groups.hpp"
#include "gort/mutex.hpp"
#include "gort/pool.hpp"
#include "gort/task.hpp"

namespace gort {

// Waits for a number of goroutines to be done. Go's sync.WaitGroup.
//
// Add before what is to be waited for is started. Reusable once wait has returned, and it may be
// destroyed then. done happens before the wait that it lets go.
class wait_group {
 public:
  constexpr wait_group() noexcept = default;
  wait_group(const wait_group&) = delete;
  wait_group& operator=(const wait_group&) = delete;

  // `delta` may be negative; the count is at most 2^31 - 1. Fatal if it becomes negative:
  // "sync: negative WaitGroup counter".
  void add(std::int64_t delta = 1) { core_.add(delta); }
  void done() { core_.add(-1); }
  // Until the count is zero.
  void wait() { core_.wait(nullptr); }
  void wait(const context& ctx) { core_.wait(&ctx); }
  // Starts f(args...) in a goroutine that counts. An exception that leaves it ends the process;
  // goexit ends the goroutine and counts as done.
  template <class F, class... Args>
  void go(F&& f, Args&&... args) {
    using call = detail::bound_call<std::decay_t<F>, std::decay_t<Args>...>;
    add(1);
    try {
      if (detail::is_nil_function(f)) detail::fatal_go_of_nil();
      gort::go(counted_call<call>{call(std::forward<F>(f), std::forward<Args>(args)...), this});
    } catch (...) {
      done();
      throw;
    }
  }

 private:
  template <class Call>
  struct counted_call {
    Call call;
    wait_group* group;

    void operator()() {
      // When an exception leaves the goroutine nothing is unwound: the process ends here.
      struct finish {
        wait_group* group;
        ~finish() { group->done(); }
      } at_end{group};
      call.run();
    }
  };

  detail::wait_group_core core_;
};

// Runs a function once. Go's sync.Once: if the function throws, it counts as run, and the exception
// goes to the caller whose call it was.
class once {
 public:
  constexpr once() noexcept = default;
  once(const once&) = delete;
  once& operator=(const once&) = delete;

  // When it returns, the function of the first call has ended; what that did happens before. Must
  // not be called from within it: that waits for ever.
  template <class F>
  void call(F&& f) {
    if (!has_run_.load(std::memory_order_acquire)) [[unlikely]]
      call_slow(std::forward<F>(f));
  }

 private:
  template <class F>
  void call_slow(F&& f) {
    mutex_.lock();
    struct release {
      once* self;
      ~release() {
        self->has_run_.store(true, std::memory_order_release);
        self->mutex_.unlock();
      }
    } at_end{this};
    if (!has_run_.load(std::memory_order_relaxed)) std::invoke(std::forward<F>(f));
  }

  std::atomic<bool> has_run_{false};
  mutex mutex_;
};

// A function that calls f when it is first called and gives everybody that value, or that
// exception: `gort::once_value config(read_config);  config().port`. Copies share it. Go's
// sync.OnceValue. If f ends its goroutine by goexit, the others get a runtime_error.
template <class F>
class once_value {
 public:
  using value_type = std::invoke_result_t<F&>;
  static_assert(!std::is_void_v<value_type>, "once_value: f has no value; use once_func");

  explicit once_value(F f)
      : shared_(std::allocate_shared<state>(detail::body_allocator<state>(), std::move(f))) {}

  std::add_lvalue_reference_t<const value_type> operator()() const {
    shared_->run();
    if (shared_->failure) [[unlikely]]
      std::rethrow_exception(shared_->failure);
    if (!shared_->value.has_value()) [[unlikely]] {
      throw runtime_error("once_value: its function ended by goexit");
    }
    if constexpr (std::is_reference_v<value_type>) {
      return shared_->value->get();
    } else {
      return *shared_->value;
    }
  }

 private:
  using stored =
      std::conditional_t<std::is_reference_v<value_type>,
                         std::reference_wrapper<std::remove_reference_t<value_type>>, value_type>;
  struct state {
    explicit state(F given) : f(std::move(given)) {}

    void run() {
      once.call([this] {
        struct forget {  // what f holds is not needed any more
          std::optional<F>& f;
          ~forget() { f.reset(); }
        } at_end{f};
        try {
          value.emplace((*f)());
        } catch (...) {
          failure = detail::caught_exception();
          if (!failure) throw;
        }
      });
    }

    gort::once once;
    std::optional<F> f;
    std::optional<stored> value;
    std::exception_ptr failure;
  };

  std::shared_ptr<state> shared_;
};

// The same without a value. Go's sync.OnceFunc.
template <class F>
class once_func {
 public:
  explicit once_func(F f) : value_(call{std::move(f)}) {}

  void operator()() const { static_cast<void>(value_()); }

 private:
  struct call {
    F f;
    bool operator()() {
      std::invoke(f);
      return true;
    }
  };

  once_value<call> value_;
};

// So many permits; each holder takes some. Strictly first come, first served, so that a large
// request is not starved by small ones. Go's golang.org/x/sync/semaphore.Weighted.
class semaphore {
 public:
  // Throws runtime_error for a negative number.
  explicit semaphore(std::int64_t permits) : core_(checked(permits)) {}
  semaphore(const semaphore&) = delete;
  semaphore& operator=(const semaphore&) = delete;

  // More than there are in all: waits for ever, or until the context is done, and holds nobody up.
  void acquire(std::int64_t permits = 1) { core_.acquire(checked(permits), nullptr); }
  void acquire(std::int64_t permits, const context& ctx) { core_.acquire(checked(permits), &ctx); }
  void acquire(const context& ctx) { core_.acquire(1, &ctx); }
  [[nodiscard]] bool try_acquire(std::int64_t permits = 1) {
    return core_.try_acquire(checked(permits));
  }
  // Fatal if more than is held: "semaphore: released more than held".
  void release(std::int64_t permits = 1) { core_.release(checked(permits)); }

 private:
  static std::int64_t checked(std::int64_t permits) {
    if (permits < 0) throw runtime_error("semaphore: negative number of permits");
    return permits;
  }

  detail::semaphore_core core_;
};

}  // namespace gort
