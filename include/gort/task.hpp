// Goroutines with results: spawn, task, task_group.
//
//     auto answer = gort::spawn([] { return 6 * 7; });
//     std::cout << answer.get();
//
// A task is the right to a goroutine's result; it moves, and dropping it detaches the goroutine. An exception that leaves the
// function is kept and rethrown by get; if the task was dropped before, nobody can ask for it, and it ends the process like
// any other. A task_group is structured: all it starts has ended when wait, or its destructor, returns.
// Not here: goroutines without results (go.hpp), errgroup (groups.hpp).
#pragma once

#include <cxxabi.h>

#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

#include "gort/context.hpp"
#include "gort/detail/sync_core.hpp"
#include "gort/error.hpp"
#include "gort/go.hpp"
#include "gort/mutex.hpp"

namespace gort {

namespace detail {

template <class R>
struct task_value {
  std::optional<R> value;
  template <class Call>
  void fill(Call&& call) {
    value.emplace(call());
  }
  R take() { return std::move(*value); }
};
template <class R>
struct task_value<R&> {
  R* value = nullptr;
  template <class Call>
  void fill(Call&& call) {
    value = std::addressof(call());
  }
  R& take() { return *value; }
};
template <>
struct task_value<void> {
  template <class Call>
  void fill(Call&& call) {
    call();
  }
  void take() {}
};

template <class R>
struct task_state {
  gate_core ended;
  std::atomic<bool> dropped{false};
  bool filled = false;
  std::exception_ptr failure;
  task_value<R> result;
};

}  // namespace detail

template <class R>
class task {
 public:
  using result_type = R;

  task() = default;  // of nothing
  task(task&&) noexcept = default;
  task& operator=(task&& other) noexcept {
    drop();
    state_ = std::move(other.state_);
    return *this;
  }
  ~task() { drop(); }

  // False for one of nothing, moved from, or asked already.
  bool valid() const noexcept { return state_ != nullptr; }
  // Waits, and gives the result or rethrows what left the function. Once: then the task is of nothing. Throws
  // runtime_error if it is of nothing, or if the goroutine ended by goexit.
  R get() {
    wait();
    return take();
  }
  R get(const context& ctx) {  // throws context_error if that is done first; the task is still valid then
    wait(ctx);
    return take();
  }
  // Until the goroutine has ended; throws nothing of it.
  void wait() const { checked().ended.wait(nullptr); }
  void wait(const context& ctx) const { checked().ended.wait(&ctx); }
  bool done() const { return checked().ended.is_open.load(std::memory_order_acquire); }

  explicit task(std::shared_ptr<detail::task_state<R>> state) : state_(std::move(state)) {}  // spawn's

 private:
  detail::task_state<R>& checked() const {
    if (!state_) throw runtime_error("task: no goroutine, or its result was taken");
    return *state_;
  }
  void drop() noexcept {
    if (state_) state_->dropped.store(true, std::memory_order_release);
  }
  R take() {
    auto state = std::exchange(state_, nullptr);
    if (state->failure) std::rethrow_exception(std::exchange(state->failure, nullptr));
    if (!state->filled) throw runtime_error("task: its goroutine ended by goexit");
    return state->result.take();
  }

  std::shared_ptr<detail::task_state<R>> state_;
};

namespace detail {

template <class R, class Call>
void run_task(task_state<R>& state, Call& call) {
  struct finish {
    task_state<R>& state;
    ~finish() { state.ended.set(); }
  } at_end{state};
  try {
    state.result.fill([&]() -> R { return call.run(); });
    state.filled = true;
  } catch (const abi::__forced_unwind&) {
    throw;  // goexit
  } catch (...) {
    if (state.dropped.load(std::memory_order_acquire)) throw;  // nobody can ask for it
    state.failure = std::current_exception();
  }
}

template <class F, class... Args>
auto spawn_with(const spawn_options* options, F&& f, Args&&... args) {
  using result = std::invoke_result_t<std::decay_t<F>, std::decay_t<Args>...>;
  using call_type = bound_call<std::decay_t<F>, std::decay_t<Args>...>;
  if (is_nil_function(f)) fatal_go_of_nil();
  auto state = std::make_shared<task_state<result>>();
  go_with(options, [state, call = call_type(std::forward<F>(f),
                                            std::forward<Args>(args)...)]() mutable {
    run_task(*state, call);
  });
  return state;
}

}  // namespace detail

// Starts f(args...) in a goroutine and returns the right to its result. Null functions and options as for go.
template <class F, class... Args>
  requires(!std::is_same_v<std::decay_t<F>, goroutine_options>)
auto spawn(F&& f, Args&&... args) {
  using result = std::invoke_result_t<std::decay_t<F>, std::decay_t<Args>...>;
  return task<result>(detail::spawn_with(nullptr, std::forward<F>(f), std::forward<Args>(args)...));
}
template <class F, class... Args>
auto spawn(const goroutine_options& options, F&& f, Args&&... args) {
  using result = std::invoke_result_t<std::decay_t<F>, std::decay_t<Args>...>;
  const detail::spawn_options given{options.name.data(), options.name.size(),
                                    options.stack_limit};
  return task<result>(detail::spawn_with(&given, std::forward<F>(f), std::forward<Args>(args)...));
}

// Structured concurrency: a scope of goroutines with one context, which the first failure cancels.
class task_group {
 public:
  // Its context is made of `parent`.
  explicit task_group(const gort::context& parent = background()) {
    auto [ctx, cancel] = with_cancel(parent);
    context_ = ctx;
    cancel_ = cancel;
  }
  task_group(const task_group&) = delete;
  task_group& operator=(const task_group&) = delete;
  // Cancels what still runs if an exception is on its way, and waits for all.
  ~task_group() {
    if (std::uncaught_exceptions() > exceptions_) cancel_();
    running_.wait(nullptr);
    cancel_();
  }

  const gort::context& context() const { return context_; }
  void cancel() { cancel_(); }

  // Starts f() or f(context) in a goroutine.
  template <class F>
  void go(F&& f) {
    running_.add(1);
    try {
      gort::go([this, f = std::decay_t<F>(std::forward<F>(f))]() mutable {
        struct finish {
          task_group* group;
          ~finish() { group->running_.add(-1); }
        } at_end{this};
        try {
          if constexpr (std::is_invocable_v<std::decay_t<F>&, gort::context>) {
            std::invoke(f, context_);
          } else {
            std::invoke(f);
          }
        } catch (const abi::__forced_unwind&) {
          throw;  // goexit
        } catch (...) {
          fail(std::current_exception());
        }
      });
    } catch (...) {
      running_.add(-1);
      throw;
    }
  }
  // Until all have ended; rethrows the first failure, once.
  void wait() {
    running_.wait(nullptr);
    rethrow();
  }
  void wait(const gort::context& ctx) {
    running_.wait(&ctx);
    rethrow();
  }

 private:
  void fail(std::exception_ptr failure) {
    {
      std::lock_guard guard(mutex_);
      if (!failure_) failure_ = std::move(failure);
    }
    cancel_();
  }
  void rethrow() {
    std::exception_ptr failure;
    {
      std::lock_guard guard(mutex_);
      failure = std::exchange(failure_, nullptr);
    }
    if (failure) std::rethrow_exception(failure);
  }

  gort::context context_;
  cancel_func cancel_;
  detail::wait_group_core running_;
  mutex mutex_;
  std::exception_ptr failure_;
  const int exceptions_ = std::uncaught_exceptions();
};

}  // namespace gort
