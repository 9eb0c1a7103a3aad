// make<X>(args...): Go's make, for every type that has one.
//
// A type joins by specialising detail::maker with a static function `make`. Not here: the types
// (chan.hpp).
#pragma once

#include <utility>

namespace gort {

namespace detail {
template <class X>
struct maker;
}

// A ready-to-use instance: make<chan<int>>(), make<chan<int>>(16). What can be given depends on X.
template <class X, class... Args>
[[nodiscard]] X make(Args&&... args) {
  return detail::maker<X>::make(std::forward<Args>(args)...);
}

}  // namespace gort
