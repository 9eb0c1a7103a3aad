// Errors: what gort throws, panic, and defer.
//
// Go has panics where C++ has exceptions, so a panic is an exception: gort::panic throws, catch
// recovers, and one that leaves a goroutine ends the process as in Go. What the runtime itself
// throws derives from runtime_error with Go's text. `defer` runs a callable at the end of its
// scope, however the scope is left.
// Not here: errors that cannot be caught; those end the process (docs/guide/errors.md).
#pragma once

#include <any>
#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#if defined(__SANITIZE_THREAD__)
#define GORT_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define GORT_THREAD_SANITIZER 1
#endif
#endif

namespace gort {

// What gort::panic throws; Go's panic value with its text. Copying does not throw.
class panic_error : public std::exception {
 public:
  // `text` is what `panic: ` is followed by when nobody catches it.
  explicit panic_error(std::string text);
  panic_error(std::string text, std::any value);

  const char* what() const noexcept override;
  // What was given to gort::panic; empty for errors of the runtime.
  const std::any& value() const noexcept;

 private:
  struct state;
  std::shared_ptr<const state> state_;
};

// Misuse that the runtime detects and that can be recovered from. Go's runtime.Error.
class runtime_error : public panic_error {
 public:
  explicit runtime_error(const char* text);
  explicit runtime_error(std::string text);
};

namespace detail {

// In a catch (...): the exception; null if it is goexit's, or another language's, unwinding, which
// must go on (`throw;`).
inline std::exception_ptr caught_exception() noexcept {
  std::exception_ptr caught = std::current_exception();
#if defined(GORT_THREAD_SANITIZER)
  // ThreadSanitizer does not see libstdc++ count an exception's owners: for it, destroying one that
  // goroutines have shared races with what they read. So it is never destroyed.
  static_cast<void>(new (std::nothrow) std::exception_ptr(caught));
#endif
  return caught;
}

[[noreturn]] void throw_panic(std::string text, std::any value);
[[noreturn]] void throw_runtime_error(const char* text);
[[noreturn]] void throw_stack_limit(std::size_t limit, std::size_t least, std::size_t most);
std::string panic_text(const std::type_info& type, const void* value);

template <class T>
std::string describe_panic(const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_same_v<T, char>) {
    return std::string(1, value);
  } else if constexpr (std::is_arithmetic_v<T>) {
    return std::to_string(value);
  } else if constexpr (std::is_convertible_v<const T&, std::string>) {
    return value;
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return std::string(static_cast<std::string_view>(value));
  } else if constexpr (std::is_base_of_v<std::exception, T>) {
    return value.what();
  } else if constexpr (requires { std::string(value.to_string()); }) {
    return std::string(value.to_string());
  } else {
    return panic_text(typeid(T), &value);
  }
}

}  // namespace detail

// Throws panic_error carrying `value`. Go's panic. Strings, numbers and exceptions are printed as
// they are, types with a to_string() by it, others as (type) address.
template <class T>
[[noreturn]] void panic(T&& value) {
  using value_type = std::decay_t<T>;
  std::string text = detail::describe_panic<value_type>(value);
  if constexpr (std::is_copy_constructible_v<value_type>) {
    detail::throw_panic(std::move(text), std::any(std::forward<T>(value)));
  } else {
    detail::throw_panic(std::move(text), std::any());
  }
}

// Runs `f` when the scope is left: Go's defer, by scope instead of by function. `f` must not throw
// while another exception is on its way (as in any destructor).
template <class F>
class [[nodiscard]] defer {
 public:
  explicit defer(F f) : f_(std::move(f)) {}
  ~defer() noexcept(false) { f_(); }
  defer(const defer&) = delete;
  defer& operator=(const defer&) = delete;

 private:
  F f_;
};
template <class F>
defer(F) -> defer<F>;

}  // namespace gort
