// Goroutines with one outcome: what task_group and errgroup are made of.
//
// It counts those that run, keeps the first failure and cancels the context for the others. The
// goroutines refer to it, so it waits for them before it ends.
// These names are for gort's headers, not for users. Not here: goroutines with results of their own
// (task.hpp).
#pragma once

#include <exception>
#include <functional>
#include <mutex>
#include <type_traits>
#include <utility>

#include "gort/context.hpp"
#include "gort/detail/sync_core.hpp"
#include "gort/go.hpp"
#include "gort/mutex.hpp"

namespace gort::detail {

// f() or f(context).
template <class F>
inline constexpr bool takes_context = std::is_invocable_v<F&, const context&>;

class goroutine_group {
 public:
  goroutine_group() = default;  // with a context that is never done
  explicit goroutine_group(const context& parent) {
    auto [ctx, cancel] = with_cause(parent);
    context_ = std::move(ctx);
    cancel_ = std::move(cancel);
  }
  goroutine_group(const goroutine_group&) = delete;
  goroutine_group& operator=(const goroutine_group&) = delete;
  ~goroutine_group() {
    running_.wait(nullptr);
    cancel_();
  }

  const context& ctx() const noexcept { return context_; }
  void cancel(std::exception_ptr cause = nullptr) const { cancel_(std::move(cause)); }

  // `ended()` is called when the function has ended, or could not be started.
  template <class F, class Ended>
  void start(F&& f, Ended ended) {
    using function = std::decay_t<F>;
    static_assert(takes_context<function> || std::is_invocable_v<function&>,
                  "go(f): f cannot be called, neither without arguments nor with a context");
    if (is_nil_function(f)) fatal_go_of_nil();
    running_.add(1);
    try {
      gort::go(member<function, Ended>{this, std::forward<F>(f), ended});
    } catch (...) {
      ended();
      running_.add(-1);
      throw;
    }
  }
  // Until all have ended, or `until` is done (null: never), which throws context_error. Then the
  // context is cancelled and the first failure rethrown.
  void wait(const context* until) {
    running_.wait(until);
    cancel_();
    std::exception_ptr failure;
    {
      std::lock_guard guard(mutex_);
      failure = failure_;
    }
    if (failure) std::rethrow_exception(std::move(failure));
  }

 private:
  template <class F, class Ended>
  struct member {
    goroutine_group* group;
    F f;
    Ended ended;

    void operator()() {
      struct finish {  // also when goexit unwinds
        member* self;
        ~finish() {
          self->ended();
          self->group->running_.add(-1);
        }
      } at_end{this};
      try {
        if constexpr (takes_context<F>) {
          std::invoke(f, std::as_const(group->context_));
        } else {
          std::invoke(f);
        }
      } catch (...) {
        std::exception_ptr failure = caught_exception();
        if (!failure) throw;
        group->fail(std::move(failure));
      }
    }
  };

  void fail(std::exception_ptr failure) {
    {
      std::lock_guard guard(mutex_);
      if (failure_) return;
      failure_ = failure;
    }
    cancel_(std::move(failure));
  }

  context context_;
  cancel_cause_func cancel_;
  wait_group_core running_;
  mutex mutex_;
  std::exception_ptr failure_;  // under mutex_
};

}  // namespace gort::detail
