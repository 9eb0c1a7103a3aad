// Select: waits until one of several channel operations can be done, and does that one.
//
//     select(on_recv(a, [&](std::optional<int> v) { ... }),   // nothing: a is closed
//            on_send(b, 7, [&] { ... }),
//            on_timeout(10ms, [&] { ... }),
//            on_default([&] { ... }));                        // makes the select non-blocking
//
// Of several that can be done, one is chosen at random, each with the same probability. The index
// of the case is returned; without callbacks a switch on it lets break, continue and return act on
// the code around:
//
//     std::optional<int> x;
//     switch (select(on_recv(a, x), on_send(b, 7), on_default())) { case 0: ... }
//
// Callbacks run after the operation, as ordinary code: they may wait, select again, throw. Nil
// channels are never ready; a send on a closed channel, if chosen, throws. An output variable
// changes only if its case is chosen; a value given to on_send by rvalue is moved from only if its
// case is chosen; by lvalue it is copied.
//
// A case refers to its channel, its output variable and its rvalue: make it in the argument list of
// select. Lists made at run time are of select_case (select_case.hpp), which owns what it needs. A
// select with fixed cases never allocates. Not here: how it chooses (src/sync/select.cc).
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "gort/chan.hpp"
#include "gort/detail/select_cases.hpp"
#include "gort/detail/time_core.hpp"
#include "gort/select_case.hpp"

namespace gort {

// Receives into `out`: the value, or nothing if the channel is closed and drained.
template <detail::receivable C>
[[nodiscard]] auto on_recv(const C& c, std::optional<typename C::value_type>& out) {
  return detail::recv_into<typename C::value_type>(core(c), out);
}
// Receives and calls f(std::optional<T>), or f() if it takes nothing.
template <detail::receivable C, detail::receiver_of<typename C::value_type> F>
[[nodiscard]] auto on_recv(const C& c, F&& f) {
  return detail::recv_call<typename C::value_type, std::decay_t<F>>(core(c), std::forward<F>(f));
}
// Receives and forgets the value.
template <detail::receivable C>
[[nodiscard]] auto on_recv(const C& c) {
  return detail::recv_call<typename C::value_type, detail::no_callback>(core(c),
                                                                        detail::no_callback());
}

// Sends `value`, which is anything a T can be made of; then calls f().
template <detail::sendable C, class V = typename C::value_type, class F = detail::no_callback>
requires std::is_constructible_v<typename C::value_type, V> && std::is_invocable_v<F&>
[[nodiscard]] auto on_send(const C& c, V&& value, F&& f = {}) {
  using T = typename C::value_type;
  if constexpr (std::is_same_v<V, T>) {  // an rvalue of that very type
    return detail::send_from<T, std::decay_t<F>>(core(c), value, std::forward<F>(f));
  } else {
    return detail::send_copy<T, std::decay_t<F>>(core(c), std::forward<V>(value),
                                                 std::forward<F>(f));
  }
}
// Chosen when nothing else could be done for `d`, counted from the call of select; of several, the
// nearest. A duration that is not positive: if nothing else can be done at once. Replaces Go's case
// <-time.After(d).
template <class Rep, class Period, class F = detail::no_callback>
[[nodiscard]] auto on_timeout(std::chrono::duration<Rep, Period> d, F&& f = {}) {
  return detail::timeout_case<std::decay_t<F>>(detail::saturated_ns(d), std::forward<F>(f));
}

// Chosen when nothing else can be done at once. Go's default.
template <class F = detail::no_callback>
[[nodiscard]] auto on_default(F&& f = {}) {
  return detail::timeout_case<std::decay_t<F>>(detail::kNoWait, std::forward<F>(f));
}

// Does one of the cases, runs its callback and returns its index, counted from 0. With no case at
// all, or with nothing but nil channels, blocks for ever.
template <class... Cases>
requires(detail::is_case<std::remove_reference_t<Cases>>&&...) int select(Cases&&... cases) {
  static_assert(sizeof...(Cases) <= 64, "select: more than 64 cases go in a list of select_case");
  return detail::select_static(cases...);
}

}  // namespace gort
