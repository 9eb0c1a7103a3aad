// Saying what gort cannot see in a type: which words may hold pointers, and that its destructor
// need not run. All of it is for speed; a program without any of it is correct.
//
// Without a word from the user, a class with private members or constructors is looked through word
// by word, and its destructor runs when an object of it dies, unless it is trivial. The latter
// costs: two words more for each object, a second cycle before its memory is free, a call. For a
// class whose destructor does nothing but end its ptr, slice, map and string members, one line
// saves that:
//
//     class Node {
//       GORT_NO_DESTRUCTOR(Node);
//       GORT_LAYOUT(Node, next_, name_);
//      public:
//       explicit Node(Node* next);
//      private:
//       gort::ptr<Node> next_;
//       gort::string name_;
//       std::uint64_t numbers_[100];
//     };
//
// A class without constructors needs neither: gort looks into it by itself, unless it has a base
// class, a reference, or an unnamed union in it.
// Compile-time only. Go knows layouts from its compiler, and has no destructors. Not here: how
// types are looked into (detail/type_info.hpp).
#pragma once

#include <cstddef>
#include <tuple>
#include <type_traits>

namespace gort {

// For types that are not one's own. A specialisation may have
//   static constexpr bool holds_pointers = false;    no word of it ever is a pointer to a collected
//                                                    object, nor one of gort's handles
//   static constexpr bool needs_destructor = false;  it is no loss if a dead one is not destroyed:
//                                                    its destructor only ends gort's handles
// It is asked for the type itself and wherever the type is a field of another that is looked into.
template <class T>
struct object_traits {};

namespace detail {

template <class Field>
struct declared_field {
  std::size_t offset;
};
template <class T, class... Fields>
struct declared_layout {
  using type = T;
  std::tuple<declared_field<Fields>...> fields;
};
template <class T, class... Fields>
constexpr declared_layout<T, Fields...> declare_layout(declared_field<Fields>... fields) {
  return {{fields...}};
}

// A derived class inherits the declarations, but they do not speak for it.
struct layout_access {
  template <class T>
  static constexpr auto of() -> decltype(T::gort_layout()) {
    return T::gort_layout();
  }
  template <class T>
  static constexpr auto without_destructor() -> std::type_identity<typename T::gort_no_destructor> {
    return {};
  }
};
template <class T>
concept declares_layout = std::is_class_v<T> && requires {
  requires std::is_same_v<typename decltype(layout_access::of<T>())::type, T>;
};
template <class T>
concept declares_no_destructor = std::is_class_v<T> && requires {
  requires std::is_same_v<typename decltype(layout_access::without_destructor<T>())::type, T>;
};

}  // namespace detail
}  // namespace gort

// In the definition of class T: the members that may hold pointers to collected objects, or gort's
// handles. Each is looked into by its own type. What is not named is never looked at: if it is all
// that refers to an object, the object is freed. A base class cannot be named, so a class whose
// base holds pointers is to be left without.
#define GORT_LAYOUT(T, ...)                                                                       \
  friend struct ::gort::detail::layout_access;                                                    \
  static constexpr auto gort_layout() {                                                           \
    _Pragma("GCC diagnostic push")                                                                \
        _Pragma("GCC diagnostic ignored \"-Winvalid-offsetof\"") return ::gort::detail::          \
            declare_layout<T>(__VA_OPT__(GORT_DETAIL_EXPAND(GORT_DETAIL_FIELD(T, __VA_ARGS__)))); \
    _Pragma("GCC diagnostic pop")                                                                 \
  }                                                                                               \
  static_assert(true)

// In the definition of class T: a dead T need not be destroyed, since its destructor does nothing
// but end its members, and those are numbers, gort's handles, or others that need no destructor.
#define GORT_NO_DESTRUCTOR(T)                  \
  friend struct ::gort::detail::layout_access; \
  using gort_no_destructor = T

#define GORT_DETAIL_PARENS ()
#define GORT_DETAIL_FIELD(T, member, ...)                                              \
  ::gort::detail::declared_field<decltype(T::member)>{offsetof(T, member)} __VA_OPT__( \
      , GORT_DETAIL_FIELD_AGAIN GORT_DETAIL_PARENS(T, __VA_ARGS__))
#define GORT_DETAIL_FIELD_AGAIN() GORT_DETAIL_FIELD
// Scans its argument often enough for 80 members.
#define GORT_DETAIL_EXPAND(...) GORT_DETAIL_SCAN3(GORT_DETAIL_SCAN3(GORT_DETAIL_SCAN3(__VA_ARGS__)))
#define GORT_DETAIL_SCAN3(...) GORT_DETAIL_SCAN2(GORT_DETAIL_SCAN2(GORT_DETAIL_SCAN2(__VA_ARGS__)))
#define GORT_DETAIL_SCAN2(...) GORT_DETAIL_SCAN1(GORT_DETAIL_SCAN1(GORT_DETAIL_SCAN1(__VA_ARGS__)))
#define GORT_DETAIL_SCAN1(...) GORT_DETAIL_SCAN0(GORT_DETAIL_SCAN0(GORT_DETAIL_SCAN0(__VA_ARGS__)))
#define GORT_DETAIL_SCAN0(...) __VA_ARGS__
