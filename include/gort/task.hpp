// Goroutines with results: spawn, task, task_group.
//
//     auto answer = gort::spawn([] { return 6 * 7; });
//     std::cout << answer.get();
//
// A task is the right to a goroutine's result; it moves, and dropping it detaches the goroutine. An
// exception that leaves the function is kept and rethrown by get. If the task was dropped before
// anybody knew of it, nobody can ask for it, and it ends the process like any other.
// A task_group is structured: all it starts has ended when wait, or its destructor, returns.
// Not here: goroutines without results (go.hpp), errgroup (groups.hpp).
#pragma once

#include <atomic>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "gort/context.hpp"
#include "gort/detail/goroutine_group.hpp"
#include "gort/detail/handle.hpp"
#include "gort/detail/sync_core.hpp"
#include "gort/error.hpp"
#include "gort/go.hpp"

namespace gort {

namespace detail {

// Where a result is kept. It is taken once.
template <class R>
struct task_value {
  std::optional<R> value;

  template <class Call>
  void fill(Call& call) {
    value.emplace(call.run());
  }
  R take() { return std::move(*value); }
};
template <class R>
struct task_value<R&> {
  R* value = nullptr;

  template <class Call>
  void fill(Call& call) {
    value = std::addressof(call.run());
  }
  R& take() { return *value; }
};
template <>
struct task_value<void> {
  template <class Call>
  void fill(Call& call) {
    call.run();
  }
  void take() {}
};

// Shared by the task and its goroutine; one reference each. In the heap's memory, since the result
// may refer to collected objects by plain pointers.
template <class R>
struct task_state : counted {
  task_state() {
    references.store(2, std::memory_order_relaxed);
    destroy = [](counted* body) noexcept { end_body()(static_cast<task_state*>(body)); };
  }

  // Who comes second, the task that is dropped or the function that fails, sees to the failure.
  enum Phase : std::uint8_t { kept, dropped, failed };

  gate_core ended;
  std::atomic<std::uint8_t> phase{kept};
  std::atomic<bool> observed{false};  // somebody has waited for the end
  bool filled = false;
  std::exception_ptr failure;
  task_value<R> result;
};

template <class F, class... Args>
using task_result = std::invoke_result_t<std::decay_t<F>, std::decay_t<Args>...>;

template <class R, class Call>
struct task_call {
  handle<task_state<R>> state;
  Call call;

  void operator()() {
    struct finish {  // also when goexit unwinds
      task_state<R>* state;
      ~finish() { state->ended.open(); }
    } at_end{state.get()};
    if (state.get()->phase.load(std::memory_order_relaxed) == task_state<R>::dropped) {
      call.run();  // as a plain goroutine: what leaves it is reported with its whole stack
      return;
    }
    try {
      state.get()->result.fill(call);
      state.get()->filled = true;
    } catch (...) {
      state.get()->failure = caught_exception();
      if (!state.get()->failure) throw;
      const auto before =
          state.get()->phase.exchange(task_state<R>::failed, std::memory_order_acq_rel);
      if (before == task_state<R>::dropped) throw;
    }
  }
};

}  // namespace detail

template <class R>
class [[nodiscard]] task {
 public:
  using result_type = R;

  task() = default;  // of nothing
  task(task&&) noexcept = default;
  task& operator=(task&& other) noexcept {
    if (this != &other) {
      drop();
      state_ = std::move(other.state_);
    }
    return *this;
  }
  ~task() { drop(); }

  // False for one of nothing, moved from, or whose result was taken.
  bool valid() const noexcept { return state_.get() != nullptr; }
  // Waits, and gives the result or rethrows what left the function. Once: then the task is of
  // nothing. Throws runtime_error if it is of nothing, or if the goroutine ended by goexit.
  R get() {
    wait();
    return take();
  }
  // Throws context_error if that is done first; then the task is still valid.
  R get(const context& ctx) {
    wait(ctx);
    return take();
  }
  // Until the goroutine has ended; throws nothing of it.
  void wait() const {
    checked().ended.wait(nullptr);
    state_.get()->observed.store(true, std::memory_order_relaxed);
  }
  void wait(const context& ctx) const {
    checked().ended.wait(&ctx);
    state_.get()->observed.store(true, std::memory_order_relaxed);
  }
  bool done() const {
    if (!checked().ended.is_open.load(std::memory_order_acquire)) return false;
    state_.get()->observed.store(true, std::memory_order_relaxed);
    return true;
  }

  // For gort's own headers: takes over a reference.
  explicit task(detail::task_state<R>* adopted) noexcept
      : state_(detail::handle<detail::task_state<R>>::adopt(adopted)) {}

 private:
  detail::task_state<R>& checked() const {
    if (!valid()) throw runtime_error("task: of no goroutine, or its result was taken");
    return *state_.get();
  }
  R take() {
    const detail::handle<detail::task_state<R>> mine(std::move(state_));
    detail::task_state<R>& state = *mine.get();
    if (state.failure) std::rethrow_exception(std::move(state.failure));
    if (!state.filled) throw runtime_error("task: its goroutine ended by goexit");
    return state.result.take();
  }
  void drop() noexcept {
    if (!valid()) return;
    detail::task_state<R>& state = *state_.get();
    const auto before =
        state.phase.exchange(detail::task_state<R>::dropped, std::memory_order_acq_rel);
    // A failure that nobody has heard of ends the process here as it would have a moment later.
    // Not while another is on its way: that one is to be seen.
    if (before == detail::task_state<R>::failed && std::uncaught_exceptions() == 0 &&
        !state.observed.load(std::memory_order_relaxed)) {
      std::rethrow_exception(state.failure);
    }
  }

  detail::handle<detail::task_state<R>> state_;
};

namespace detail {

template <class F, class... Args>
task<task_result<F, Args...>> spawn_with(const spawn_options* options, F&& f, Args&&... args) {
  using result = task_result<F, Args...>;
  using call = bound_call<std::decay_t<F>, std::decay_t<Args>...>;
  using state = task_state<result>;
  if (is_nil_function(f)) fatal_go_of_nil();
  auto made = make_body_box<state>();
  call bound(std::forward<F>(f), std::forward<Args>(args)...);
  task<result> to_return(made.get());
  go_with(options, task_call<result, call>{handle<state>::adopt(made.release()), std::move(bound)});
  return to_return;
}

}  // namespace detail

// Starts f(args...) in a goroutine and returns the right to its result. What copying f or an
// argument throws is thrown here and nothing is started. Null functions and options as for go.
template <class F, class... Args>
requires(!std::is_same_v<std::decay_t<F>, goroutine_options>)
    task<detail::task_result<F, Args...>> spawn(F&& f, Args&&... args) {
  return detail::spawn_with(nullptr, std::forward<F>(f), std::forward<Args>(args)...);
}
template <class F, class... Args>
task<detail::task_result<F, Args...>> spawn(const goroutine_options& options, F&& f,
                                            Args&&... args) {
  const detail::spawn_options given{options.name.data(), options.name.size(), options.stack_limit};
  return detail::spawn_with(&given, std::forward<F>(f), std::forward<Args>(args)...);
}

// Structured concurrency: a scope of goroutines with one context, which the first failure cancels.
//
//     gort::task_group group(ctx);
//     for (auto& url : urls) group.go([&](gort::context ctx) { fetch(url, ctx); });
//     group.wait();
class task_group {
 public:
  // Its context is made of `parent`, and done at the first failure, whose exception is its cause,
  // or when wait returns.
  explicit task_group(const gort::context& parent = background()) : group_(parent) {}
  task_group(const task_group&) = delete;
  task_group& operator=(const task_group&) = delete;
  // Waits for all; first cancels the context if the scope is left by an exception. A failure that
  // wait was not called for is dropped.
  ~task_group() {
    if (std::uncaught_exceptions() > exceptions_) group_.cancel();
  }

  const gort::context& context() const noexcept { return group_.ctx(); }
  void cancel() { group_.cancel(); }

  // Starts f(), or f(context) with the group's, in a goroutine. Functions of the group may call it,
  // too.
  template <class F>
  void go(F&& f) {
    group_.start(std::forward<F>(f), [] {});
  }
  // Until all have ended; rethrows the first failure.
  void wait() { group_.wait(nullptr); }
  // Throws context_error if `until` is done first; the goroutines go on then.
  void wait(const gort::context& until) { group_.wait(&until); }

 private:
  const int exceptions_ = std::uncaught_exceptions();
  detail::goroutine_group group_;
};

}  // namespace gort
