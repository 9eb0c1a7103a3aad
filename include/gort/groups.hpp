// errgroup and singleflight: groups of calls with one outcome. Go's golang.org/x/sync.
//
// An error is an exception here: the first that leaves a function of an errgroup cancels the group's context and is rethrown
// by wait; those after it are dropped. singleflight lets concurrent calls for one key share one run of the function,
// its value or its exception. Safe for use from any goroutine or thread.
// Not here: tasks with results of their own (task.hpp).
#pragma once

#include <cxxabi.h>

#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "gort/chan.hpp"
#include "gort/context.hpp"
#include "gort/detail/sync_core.hpp"
#include "gort/error.hpp"
#include "gort/error.hpp"
#include "gort/go.hpp"
#include "gort/mutex.hpp"

namespace gort {

class errgroup {
 public:
  // Without a context to cancel: wait waits for all.
  errgroup() = default;
  // With a context of its own, made of `parent`: done at the first failure, or when wait returns.
  explicit errgroup(const gort::context& parent) {
    auto [ctx, cancel] = with_cancel(parent);
    context_ = ctx;
    cancel_ = cancel;
  }
  errgroup(const errgroup&) = delete;
  errgroup& operator=(const errgroup&) = delete;
  ~errgroup() { running_.wait(nullptr); }

  const gort::context& context() const { return context_; }

  // At most so many at once; negative: no limit. Call it while none runs.
  void set_limit(std::int64_t limit) {
    limit_ = limit < 0 ? nullptr : std::make_unique<detail::semaphore_core>(limit);
  }
  // Starts f() in a goroutine; with a limit, waits until it may.
  template <class F>
  void go(F&& f) {
    if (limit_) limit_->acquire(1, nullptr);
    start(std::forward<F>(f));
  }
  // Starts it only if it may at once.
  template <class F>
  bool try_go(F&& f) {
    if (limit_ && !limit_->try_acquire(1)) return false;
    start(std::forward<F>(f));
    return true;
  }
  // Until all have ended; rethrows the first failure.
  void wait() {
    running_.wait(nullptr);
    cancel_();
    std::exception_ptr failure;
    {
      std::lock_guard guard(mutex_);
      failure = failure_;
    }
    if (failure) std::rethrow_exception(failure);
  }

 private:
  template <class F>
  void start(F&& f) {
    running_.add(1);
    try {
      gort::go([this, f = std::decay_t<F>(std::forward<F>(f))]() mutable {
        struct finish {
          errgroup* group;
          ~finish() { group->end_one(); }
        } at_end{this};
        try {
          std::invoke(f);
        } catch (const abi::__forced_unwind&) {
          throw;
        } catch (...) {
          fail(std::current_exception());
        }
      });
    } catch (...) {
      end_one();
      throw;
    }
  }
  void fail(std::exception_ptr failure) {
    {
      std::lock_guard guard(mutex_);
      if (failure_) return;
      failure_ = std::move(failure);
    }
    cancel_();
  }
  void end_one() {
    if (limit_) limit_->release(1);
    running_.add(-1);
  }

  gort::context context_;
  cancel_func cancel_;
  std::unique_ptr<detail::semaphore_core> limit_;
  detail::wait_group_core running_;
  mutex mutex_;
  std::exception_ptr failure_;
};

template <class K, class V, class Hash = std::hash<K>>
class singleflight {
 public:
  struct result {
    V value;
    bool shared;  // more than one caller got it
  };

  // f()'s value: of this call, or of one for the same key that is under way. Rethrows what leaves f.
  template <class F>
  V run(const K& key, F&& f) {
    return do_(key, std::forward<F>(f)).value;
  }
  // The same, and whether it was shared. Go's Do.
  template <class F>
  result do_(const K& key, F&& f) {
    std::shared_ptr<call> mine;
    {
      std::unique_lock lock(mutex_);
      auto [at, inserted] = calls_.try_emplace(key);
      if (!inserted) {
        std::shared_ptr<call> other = at->second;
        other->shared = true;
        lock.unlock();
        other->ended.wait(nullptr);
        return other->outcome();
      }
      mine = at->second = std::make_shared<call>();
    }
    try {
      mine->value.emplace(std::invoke(std::forward<F>(f)));
    } catch (const abi::__forced_unwind&) {  // goexit: those who share the call get an error
      mine->failure = std::make_exception_ptr(runtime_error("singleflight: the call ended by goexit"));
      end(key, *mine);
      throw;
    } catch (...) {
      mine->failure = std::current_exception();
    }
    end(key, *mine);
    return mine->outcome();
  }
  // The result by a channel, whose f runs in a goroutine of its own. An exception that leaves f ends the process,
  // as for any goroutine. Go's DoChan.
  template <class F>
  recv_chan<result> do_chan(const K& key, F f) {
    auto c = make<chan<result>>(1);
    gort::go([this, key, f = std::move(f), c]() mutable { c.send(do_(key, std::move(f))); });
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
    std::optional<V> value;
    std::exception_ptr failure;
    bool shared = false;  // under the mutex until it has ended

    result outcome() const {
      if (failure) std::rethrow_exception(failure);
      return {*value, shared};
    }
  };

  void end(const K& key, call& mine) {
    {
      std::lock_guard guard(mutex_);
      const auto at = calls_.find(key);
      if (at != calls_.end() && at->second.get() == &mine) calls_.erase(at);
    }
    mine.ended.set();
  }

  mutex mutex_;
  std::unordered_map<K, std::shared_ptr<call>, Hash> calls_;
};

}  // namespace gort
