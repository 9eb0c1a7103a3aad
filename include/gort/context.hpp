// Contexts: when to give up, and what goes with a request. Go's package context.
//
// A context goes through a program beside the data, as the last argument of whatever may wait. It
// is done when somebody calls its cancel function, when its deadline has passed, or when the one it
// was made from is done. Contexts are immutable handles, cheap to copy; a default-constructed one
// is the background.
//
//     auto [ctx, cancel] = gort::with_timeout(gort::background(), 2s);
//     gort::defer done(cancel);
//     auto answer = answers.recv(ctx);               // throws context_error after two seconds
//
// Call the cancel function when you are done, also after success: it frees the timer and what hangs
// on the context at once. All functions may be called from any thread and at the same time.
// Not here: timers (time.hpp); groups of goroutines that are cancelled together (task.hpp).
#pragma once

#include <chrono>
#include <exception>
#include <limits>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>

#include "gort/chan.hpp"
#include "gort/detail/context_core.hpp"
#include "gort/detail/time_core.hpp"
#include "gort/error.hpp"

namespace gort {

// Why a context is done; an error code, `ctx.err() == gort::canceled`.
enum class context_errc {
  canceled = 1,           // "context canceled"; Go's context.Canceled
  deadline_exceeded = 2,  // "context deadline exceeded"; Go's context.DeadlineExceeded
};
inline constexpr context_errc canceled = context_errc::canceled;
inline constexpr context_errc deadline_exceeded = context_errc::deadline_exceeded;

const std::error_category& context_category() noexcept;
inline std::error_code make_error_code(context_errc code) noexcept {
  return {static_cast<int>(code), context_category()};
}

}  // namespace gort

template <>
struct std::is_error_code_enum<gort::context_errc> : std::true_type {};

namespace gort {

// What a blocking call throws when its context is done. code() is the context's err(), what() its
// text.
class context_error : public std::system_error {
 public:
  // A null cause: the error is its own.
  explicit context_error(context_errc code, std::exception_ptr cause = nullptr);

  // The deadline has passed, as opposed to a cancellation. Go's Timeout().
  bool timeout() const noexcept { return code() == deadline_exceeded; }
  // What the context was cancelled with; null if nothing was given. Go's context.Cause.
  const std::exception_ptr& cause() const noexcept { return cause_; }

 private:
  std::exception_ptr cause_;
};

// The name of a value in a context, where its type alone is not name enough. Keys are told apart by
// address: make them static. with_value(ctx, key, v), ctx.value(key).
template <class T>
class context_key {
 public:
  constexpr context_key() = default;
  context_key(const context_key&) = delete;
  context_key& operator=(const context_key&) = delete;
};

class context {
 public:
  context() = default;  // background()

  // Closed when the context is done; nil, and so never ready, if it can never be.
  recv_chan<unit> done() const;

  // Nothing while the context is not done, then canceled or deadline_exceeded. Never changes
  // afterwards.
  std::error_code err() const noexcept;

  // Null while the context is not done; then the first cause given at or above the one that ended
  // it, else its err() as a context_error.
  std::exception_ptr cause() const;

  // When the context will be done at the latest. Nothing: there is no such time.
  std::optional<std::chrono::steady_clock::time_point> deadline() const noexcept;

  // The value that the nearest with_value above holds, or null. It lives as long as this context.
  template <class T>
  const T* value() const noexcept {
    return static_cast<const T*>(detail::find_value(node_.get(), &detail::type_key<T>));
  }
  template <class T>
  const T* value(const context_key<T>& key) const noexcept {
    return static_cast<const T*>(detail::find_value(node_.get(), &key));
  }

  // The same context, not merely one with the same contents.
  friend bool operator==(const context& a, const context& b) noexcept {
    return a.node_.get() == b.node_.get();
  }

  // For gort's own headers.
  explicit context(detail::context_handle node) noexcept : node_(std::move(node)) {}
  const detail::context_handle& node() const noexcept { return node_; }

 private:
  detail::context_handle node_;
};

// Ends a context as canceled; the first call counts. Copies end the same one.
class cancel_func {
 public:
  cancel_func() = default;  // does nothing
  explicit cancel_func(detail::context_handle scope) noexcept : scope_(std::move(scope)) {}
  // When it returns all contexts made from this one are done too.
  void operator()() const noexcept;

 private:
  detail::context_handle scope_;
};

// The same with a reason, which cause() tells. Null: none.
class cancel_cause_func {
 public:
  cancel_cause_func() = default;
  explicit cancel_cause_func(detail::context_handle scope) noexcept : scope_(std::move(scope)) {}
  void operator()(std::exception_ptr cause = nullptr) const noexcept;

 private:
  detail::context_handle scope_;
};

// The root: never done, no values. Go's context.Background, and the one for where a better one
// should be but is not known yet.
inline context background() noexcept { return {}; }
inline context todo() noexcept { return {}; }

// A context that is done when its parent is, or when the function returned with it is called.
[[nodiscard]] std::pair<context, cancel_func> with_cancel(const context& parent);
[[nodiscard]] std::pair<context, cancel_cause_func> with_cause(const context& parent);
// Go's name for with_cause.
[[nodiscard]] inline std::pair<context, cancel_cause_func> with_cancel_cause(
    const context& parent) {
  return with_cause(parent);
}

// The same with a deadline, the parent's if that is earlier; `cause` is what cause() tells when it
// has passed.
[[nodiscard]] std::pair<context, cancel_func> with_deadline(
    const context& parent, std::chrono::steady_clock::time_point deadline,
    std::exception_ptr cause = nullptr);

namespace detail {
std::pair<context, cancel_func> with_timeout_ns(const context& parent, std::int64_t ns,
                                                std::exception_ptr cause);
}

template <class Rep, class Period>
[[nodiscard]] std::pair<context, cancel_func> with_timeout(
    const context& parent, std::chrono::duration<Rep, Period> timeout,
    std::exception_ptr cause = nullptr) {
  return detail::with_timeout_ns(parent, detail::saturated_ns(timeout), std::move(cause));
}

// A context that also holds `value`, found by its type, or by `key`.
template <class T>
[[nodiscard]] context with_value(const context& parent, T value) {
  return context(detail::make_value_node(parent.node(), &detail::type_key<T>, std::move(value)));
}
template <class T>
[[nodiscard]] context with_value(const context& parent, const context_key<T>& key,
                                 std::type_identity_t<T> value) {
  return context(detail::make_value_node<T>(parent.node(), &key, std::move(value)));
}

// The parent's values, but done only when cancelled itself: never. Go's WithoutCancel.
[[nodiscard]] context without_cancel(const context& parent);

// What after_func returns: the call says that f is not to be called. True if that came in time;
// false if f was started or the call was made before. Does not wait for f. Copies stop the same
// one.
class stop_func {
 public:
  stop_func() = default;
  explicit stop_func(detail::handle<detail::context_function> function) noexcept
      : function_(std::move(function)) {}

  bool operator()() const noexcept {
    return function_.get() != nullptr && detail::unwatch_context(function_.get());
  }

 private:
  detail::handle<detail::context_function> function_;
};

// Calls f() once, in a goroutine of its own, when `ctx` is done; at once if it is. Until then f is
// kept, and with it the context, whether or not the returned function is. Go's context.AfterFunc.
template <class F>
stop_func after_func(const context& ctx, F&& f) {
  auto function = detail::store_function<detail::context_function>(std::forward<F>(f));
  detail::watch_context(ctx, function.get());
  return stop_func(std::move(function));
}

}  // namespace gort
