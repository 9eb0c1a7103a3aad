// errgroup and singleflight: calls with one outcome. Go's golang.org/x/sync.
//
// An error is an exception here: the first that leaves a function of an errgroup cancels the
// group's context and is rethrown by wait; those after it are dropped. singleflight lets concurrent
// calls for one key share one run of the function, its value or its exception. Safe for use from
// any goroutine or thread. Not here: tasks with results of their own (task.hpp).
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "gort/chan.hpp"
#include "gort/context.hpp"
#include "gort/detail/goroutine_group.hpp"
#include "gort/detail/handle.hpp"
#include "gort/detail/sync_core.hpp"
#include "gort/error.hpp"
#include "gort/go.hpp"
#include "gort/mutex.hpp"

namespace gort {

// Goroutines that work on parts of one thing.
class errgroup {
 public:
  // Without a context to cancel: a failure does not stop the others.
  errgroup() = default;
  // With a context of its own, made of `parent`: done at the first failure, whose exception is its
  // cause, or when wait returns.
  explicit errgroup(const gort::context& parent) : group_(parent) {}
  // Go's WithContext: `auto g = errgroup::with_context(ctx);  use(g.context())`.
  static errgroup with_context(const gort::context& parent) { return errgroup(parent); }
  errgroup(const errgroup&) = delete;
  errgroup& operator=(const errgroup&) = delete;
  // Waits for all; a failure that wait was not called for is dropped.
  ~errgroup() = default;

  const gort::context& context() const noexcept { return group_.ctx(); }

  // At most so many at once; negative: no limit. Throws runtime_error while any runs. Not while
  // others call go.
  void set_limit(std::int64_t limit) {
    if (limited_ && places_.held != 0) {
      throw runtime_error("errgroup: the limit cannot change while goroutines are running");
    }
    limited_ = limit >= 0;
    places_.size = limit;
  }
  // Starts f(), or f(context), in a goroutine; with a limit, waits until it may.
  template <class F>
  void go(F&& f) {
    if (limited_) places_.acquire(1, nullptr);
    start(std::forward<F>(f));
  }
  // The same until `ctx` is done: then throws context_error, and nothing is started.
  template <class F>
  void go(F&& f, const gort::context& ctx) {
    if (limited_) places_.acquire(1, &ctx);
    start(std::forward<F>(f));
  }
  // Starts it only if it may at once; true if it did.
  template <class F>
  [[nodiscard]] bool try_go(F&& f) {
    if (limited_ && !places_.try_acquire(1)) return false;
    start(std::forward<F>(f));
    return true;
  }
  // Until all have ended; rethrows the first failure.
  void wait() { group_.wait(nullptr); }
  // Throws context_error if `until` is done first; the goroutines go on then.
  void wait(const gort::context& until) { group_.wait(&until); }

 private:
  template <class F>
  void start(F&& f) {
    group_.start(std::forward<F>(f), [this, limited = limited_] {
      if (limited) places_.release(1);
    });
  }

  bool limited_ = false;
  detail::semaphore_core places_{0};
  detail::goroutine_group group_;  // waits for its goroutines before the places go
};

// One run of a function for all who ask for the same key at the same time.
template <class K, class V, class Hash = std::hash<K>, class Equal = std::equal_to<K>>
class singleflight {
  struct call;

 public:
  struct result {
    V value;
    bool shared;  // more than one caller gets it
  };

  singleflight() = default;
  singleflight(const singleflight&) = delete;
  singleflight& operator=(const singleflight&) = delete;

  // f()'s value: of this call, or of one for the same key that is under way. Rethrows what leaves
  // f; throws runtime_error if f ended its goroutine by goexit. V is copied for each caller.
  template <class F>
  V run(const K& key, F&& f) {
    return do_(key, std::forward<F>(f)).value;
  }
  // One that waits for another's call gives up when `ctx` is done: context_error.
  template <class F>
  V run(const K& key, F&& f, const context& ctx) {
    return do_(key, std::forward<F>(f), ctx).value;
  }
  // The same, and whether it was shared. Go's Do.
  template <class F>
  result do_(const K& key, F&& f) {
    return fly(key, std::forward<F>(f), nullptr);
  }
  template <class F>
  result do_(const K& key, F&& f, const context& ctx) {
    return fly(key, std::forward<F>(f), &ctx);
  }
  // The result by a channel, whose f runs in a goroutine of its own. An exception that leaves f
  // ends the process, as for any goroutine. This object must outlive the call. Go's DoChan.
  template <class F>
  recv_chan<result> do_chan(const K& key, F&& f) {
    auto c = make<chan<result>>(1);
    go([this, key, f = std::decay_t<F>(std::forward<F>(f)), c]() mutable {
      c.send(do_(key, std::move(f)));
    });
    return c;
  }
  // A call for `key` that is under way is not joined by later ones.
  void forget(const K& key) {
    std::lock_guard guard(mutex_);
    calls_.erase(key);
  }

 private:
  struct call {
    detail::gate_core ended;
    // Written before `ended` opens.
    std::optional<V> value;
    std::exception_ptr failure;
    bool shared = false;  // under the mutex while it can be joined

    result outcome() const {
      if (failure) std::rethrow_exception(failure);
      if (!value) throw runtime_error("singleflight: the function ended by goexit");
      return {*value, shared};
    }
  };
  using shared_call = std::shared_ptr<call>;

  template <class F>
  result fly(const K& key, F&& f, const context* ctx) {
    auto [flight, is_ours] = join(key);
    if (!is_ours) {
      flight->ended.wait(ctx);
      return flight->outcome();
    }
    {
      struct landing {  // also when goexit unwinds
        singleflight* self;
        const K& key;
        const shared_call& flight;
        ~landing() { self->land(key, flight); }
      } at_end{this, key, flight};
      try {
        flight->value.emplace(std::invoke(std::forward<F>(f)));
      } catch (...) {
        flight->failure = detail::caught_exception();
        if (!flight->failure) throw;
      }
    }
    return flight->outcome();
  }
  // The call for `key`, and whether the caller is to make it.
  std::pair<shared_call, bool> join(const K& key) {
    std::lock_guard guard(mutex_);
    if (const auto at = calls_.find(key); at != calls_.end()) {
      at->second->shared = true;
      return {at->second, false};
    }
    auto made = std::allocate_shared<call>(detail::body_allocator<call>());
    calls_.emplace(key, made);
    return {std::move(made), true};
  }
  void land(const K& key, const shared_call& flight) {
    {
      std::lock_guard guard(mutex_);
      const auto at = calls_.find(key);
      if (at != calls_.end() && at->second == flight) calls_.erase(at);  // not if forgotten
    }
    flight->ended.open();
  }

  mutex mutex_;
  std::unordered_map<K, shared_call, Hash, Equal> calls_;  // under mutex_
};

}  // namespace gort
