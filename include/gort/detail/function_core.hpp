// A callable that something else will start: what after_func stores, by time or by context.
//
// The callable lies in one block with what decides when it runs, its owner, so that an after_func
// costs one allocation, of memory that the collector looks through: what the callable has captured
// may be plain pointers. It may run several times, and at the same time as itself (a timer that is
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

// The callable stands so far behind the beginning of its owner.
template <class Owner>
inline constexpr std::size_t owner_bytes = 0;
template <>
inline constexpr std::size_t owner_bytes<function_timer> = 80;
template <>
inline constexpr std::size_t owner_bytes<context_function> = 64;

struct function_type {
  closure_entry run;
  counted::destroy_function destroy;
};
// Makes an owner, with one reference, in such memory; ends one whose callable has been destroyed,
// or never was constructed.
function_timer* init_owner(std::type_identity<function_timer>, void* memory,
                           const function_type& type) noexcept;
context_function* init_owner(std::type_identity<context_function>, void* memory,
                             const function_type& type) noexcept;
void end_owner(function_timer* owner) noexcept;
void end_owner(context_function* owner) noexcept;

// What needs more is kept in a block of its own.
inline constexpr std::size_t kFunctionAlignment = 16;

template <class F>
struct boxed_function {
  body_box<F> f;
  void operator()() { (*f)(); }
};

template <class Owner>
void* function_of(Owner* owner) noexcept {
  return reinterpret_cast<std::byte*>(owner) + owner_bytes<Owner>;
}
template <class F, class Owner>
F& stored_function(Owner* owner) noexcept {
  return *std::launder(static_cast<F*>(function_of(owner)));
}
template <class Owner>
void drop_owner(Owner* owner) noexcept {
  end_owner(owner);
  free_body(owner);
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
      drop_owner(owner);
    }};

// An owner of `f`.
template <class Owner, class F>
handle<Owner> store_function(F&& f) {
  using stored = std::decay_t<F>;
  static_assert(std::is_invocable_v<stored&>, "after_func: f cannot be called without arguments");
  if (is_nil_function(f)) fatal_go_of_nil();
  if constexpr (alignof(stored) > kFunctionAlignment) {
    return store_function<Owner>(boxed_function<stored>{make_body_box<stored>(std::forward<F>(f))});
  } else {
    Owner* const owner =
        init_owner(std::type_identity<Owner>(),
                   allocate_body(owner_bytes<Owner> + sizeof(stored), kFunctionAlignment),
                   function_type_of<stored, Owner>);
    if constexpr (std::is_nothrow_constructible_v<stored, F>) {
      ::new (function_of(owner)) stored(std::forward<F>(f));
    } else {
      try {
        ::new (function_of(owner)) stored(std::forward<F>(f));
      } catch (...) {
        drop_owner(owner);
        throw;
      }
    }
    return handle<Owner>::adopt(owner);
  }
}

}  // namespace gort::detail
