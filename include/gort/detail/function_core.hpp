// A callable that something else will start: what after_func stores, by time or by context.
//
// The callable lies in one block with what decides when it runs, its owner, so that an after_func
// costs one allocation. It may run several times, and at the same time as itself (a timer that is
// reset while its function runs), so a run does not consume it: each goroutine that runs it holds a
// reference to the block, and whoever drops the last one destroys the callable, outside the
// runtime, as its destructor is the user's.
//
// These names are for gort's headers, not for users. Not here: what starts it (src/sync/timers.cc,
// context.cc).
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "gort/detail/handle.hpp"
#include "gort/detail/runtime_core.hpp"
#include "gort/go.hpp"

namespace gort::detail {

// The owners; each begins with counted. A goroutine's closure is a pointer to one, with a
// reference.
struct function_timer;    // after_func(duration, f); src/sync/timers.cc
struct context_function;  // after_func(context, f); src/sync/context.cc

// Where the callable is.
void* function_of(function_timer* owner) noexcept;
void* function_of(context_function* owner) noexcept;
// Ends an owner whose callable has been destroyed, or never was constructed.
void drop_function(function_timer* owner) noexcept;
void drop_function(context_function* owner) noexcept;

struct function_type {
  closure_entry run;
  counted::destroy_function destroy;
  std::size_t bytes;
};

// operator new's: what needs more is kept in a block of its own.
inline constexpr std::size_t kFunctionAlignment = __STDCPP_DEFAULT_NEW_ALIGNMENT__;

template <class F>
struct boxed_function {
  body_box<F> f;
  void operator()() { (*f)(); }
};

template <class F, class Owner>
F& stored_function(Owner* owner) noexcept {
  return *std::launder(static_cast<F*>(function_of(owner)));
}

template <class F, class Owner>
inline constexpr function_type function_type_of{
    [](void* closure) {
      const auto owner = handle<Owner>::adopt(*static_cast<Owner**>(closure));
      std::invoke(stored_function<F>(owner.get()));
    },
    [](counted* body) noexcept {
      auto* owner = reinterpret_cast<Owner*>(body);
      stored_function<F>(owner).~F();
      drop_function(owner);
    },
    sizeof(F)};

// Constructs `f` in a block that `make` provides, unfilled and with one reference.
template <class Owner, class F>
handle<Owner> store_function(F&& f, Owner* (*make)(const function_type&)) {
  using stored = std::decay_t<F>;
  static_assert(std::is_invocable_v<stored&>, "after_func: f cannot be called without arguments");
  if (is_nil_function(f)) fatal_go_of_nil();
  if constexpr (alignof(stored) > kFunctionAlignment) {
    return store_function(boxed_function<stored>{make_body_box<stored>(std::forward<F>(f))}, make);
  } else {
    Owner* owner = make(function_type_of<stored, Owner>);
    if constexpr (std::is_nothrow_constructible_v<stored, F>) {
      ::new (function_of(owner)) stored(std::forward<F>(f));
    } else {
      try {
        ::new (function_of(owner)) stored(std::forward<F>(f));
      } catch (...) {
        drop_function(owner);
        throw;
      }
    }
    return handle<Owner>::adopt(owner);
  }
}

}  // namespace gort::detail
