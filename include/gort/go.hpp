// Goroutines: go, yield, goexit, blocking, goroutine_local.
//
// `go(f, args...)` starts a goroutine; f and its arguments are decayed and moved, as std::thread
// does it, into storage that belongs to the goroutine. A goroutine costs 192 bytes until it first
// runs, then one page of stack.
//
//     gort::go([] { std::puts("hello from a goroutine"); });
//
// Every function here may be called from any OS thread. Not here: results (task.hpp), options of
// the whole program (runtime.hpp), sleeping (time.hpp).
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <new>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "gort/detail/boot_anchor.hpp"
#include "gort/detail/handle.hpp"
#include "gort/detail/runtime_core.hpp"
#include "gort/error.hpp"

namespace gort {

// Per-goroutine options: `go(goroutine_options{.name = "reader"}, f)`.
struct goroutine_options {
  std::string_view name = {};   // shown in dumps; copied
  std::size_t stack_limit = 0;  // bytes, 16 KiB to 1 GiB; 0: the default
};

namespace detail {

template <class F>
bool is_nil_function(const F& f) {
  if constexpr (std::is_pointer_v<F> || std::is_member_pointer_v<F>) {
    return f == nullptr;
  } else if constexpr (requires {
                         f.target_type();
                         static_cast<bool>(f);
                       }) {
    return !static_cast<bool>(f);  // std::function and its like
  } else {
    return false;
  }
}

// A callable with its arguments, run once.
template <class F, class... Args>
struct bound_call {
  F f;
  std::tuple<Args...> args;

  template <class G, class... Given>
  explicit bound_call(G&& g, Given&&... given)
      : f(std::forward<G>(g)), args(std::forward<Given>(given)...) {}
  decltype(auto) run() {
    return std::apply(
        [this](Args&... each) -> decltype(auto) {
          return std::invoke(std::move(f), std::move(each)...);
        },
        args);
  }
};
template <class F>
struct bound_call<F> {
  F f;

  template <class G>
  explicit bound_call(G&& g) : f(std::forward<G>(g)) {}
  decltype(auto) run() { return std::invoke(std::move(f)); }
};

template <class Call>
inline constexpr bool fits_inline = sizeof(Call) <= kInlineClosureBytes &&
                                    alignof(Call) <= kInlineClosureBytes;

// The closure's captures die when the function has returned: also when goexit unwinds, never when
// the process dies of an exception.
template <class Call>
void run_inline(void* closure) {
  struct destroyer {
    Call* call;
    ~destroyer() { call->~Call(); }
  } guard{std::launder(static_cast<Call*>(closure))};
  guard.call->run();
}
template <class Call>
void run_boxed(void* closure) {
  const body_box<Call> call(*static_cast<Call**>(closure));
  call->run();
}

template <class F, class... Args>
[[gnu::always_inline]] inline void go_with(const spawn_options* options, F&& f, Args&&... args) {
  using call = bound_call<std::decay_t<F>, std::decay_t<Args>...>;
  static_assert(std::is_invocable_v<std::decay_t<F>, std::decay_t<Args>...>,
                "go(f, args...): f cannot be called with these arguments");
  if (is_nil_function(f)) fatal_go_of_nil();
  if constexpr (fits_inline<call>) {
    const new_goroutine made = make_goroutine(&run_inline<call>, options);
    if constexpr (std::is_nothrow_constructible_v<call, F, Args...>) {
      ::new (made.closure) call(std::forward<F>(f), std::forward<Args>(args)...);
    } else {
      try {
        ::new (made.closure) call(std::forward<F>(f), std::forward<Args>(args)...);
      } catch (...) {
        drop_goroutine(made.goroutine);
        throw;
      }
    }
    start_goroutine(made.goroutine);
  } else {
    auto box = make_body_box<call>(std::forward<F>(f), std::forward<Args>(args)...);
    const new_goroutine made = make_goroutine(&run_boxed<call>, options);
    *static_cast<call**>(made.closure) = box.release();
    start_goroutine(made.goroutine);
  }
}

}  // namespace detail

// Starts a goroutine that calls f(args...). Never blocks. A null function is fatal ("go of nil func
// value"). What the copying of f or an argument throws is thrown here and nothing is started. Go's
// go statement.
template <class F, class... Args>
requires(!std::is_same_v<std::decay_t<F>, goroutine_options>)
    [[gnu::always_inline]] inline void go(F&& f, Args&&... args) {
  detail::go_with(nullptr, std::forward<F>(f), std::forward<Args>(args)...);
}

// The same with options; throws runtime_error for a stack limit outside its bounds.
template <class F, class... Args>
[[gnu::always_inline]] inline void go(const goroutine_options& options, F&& f, Args&&... args) {
  const detail::spawn_options given{options.name.data(), options.name.size(), options.stack_limit};
  detail::go_with(&given, std::forward<F>(f), std::forward<Args>(args)...);
}

// Lets other goroutines run; this one goes to the end of its queue. Go's runtime.Gosched.
void yield();

// Ends the calling goroutine after the destructors of all its scopes have run; catch (...) cannot
// stop it. In the main goroutine: the others go on without it. Fatal on a thread that is no
// goroutine. Go's Goexit.
[[noreturn]] void goexit();

// Calls f, which may block its OS thread (a system call, a library's wait), without holding up
// other goroutines, and returns its result. Costs a hand-over of the processor: not for calls that
// take less than a few microseconds.
template <class F>
decltype(auto) blocking(F&& f) {
  struct scope {
    scope() { detail::enter_blocking(); }
    ~scope() { detail::leave_blocking(); }
  } outside;
  return std::invoke(std::forward<F>(f));
}

// A variable of which each goroutine has its own, made by T's default constructor, or by
// `initial()`, when the goroutine first asks for it and destroyed when the goroutine ends. Foreign
// threads have theirs too, until they are detached. The variable itself must outlive its users:
// make it static.
template <class T>
class goroutine_local {
 public:
  goroutine_local() : initial_([] { return T(); }) {}
  explicit goroutine_local(std::function<T()> initial) : initial_(std::move(initial)) {}
  goroutine_local(const goroutine_local&) = delete;
  goroutine_local& operator=(const goroutine_local&) = delete;

  // The calling goroutine's value. The reference holds for as long as that goroutine lives.
  T& get() const {
    if (void* found = detail::local_get(this)) return *static_cast<T*>(found);
    auto value = detail::make_body_box<T>(initial_());
    detail::local_set(this, value.get(),
                      [](void* old) { detail::end_body()(static_cast<T*>(old)); });
    return *value.release();
  }
  T& operator*() const { return get(); }
  T* operator->() const { return &get(); }
  const goroutine_local& operator=(T value) const {
    get() = std::move(value);
    return *this;
  }

 private:
  std::function<T()> initial_;
};

}  // namespace gort
