// What the collector is told about a type: which words may hold pointers, and whether it needs its
// destructor.
//
// Both are decided when the program is compiled, and by proof only. A word may hold a pointer
// unless its type says otherwise: numbers and enumerations do not, nor do arrays, pairs, tuples,
// optionals and aggregates of such (aggregate.hpp looks into those); the inside of any other class
// is unknown, and whether it is trivially copyable says nothing. A type without such words goes to
// the noscan kind. A destructor is needed unless it is trivial, or provably no more than those of
// gort's own handles: a handle in a collected object that died has nothing to end.
//
// Who knows more says so (gort/layout.hpp).
//
// Compile-time constants, but for one check of offsets that optimisers fold. Not here: what the
// marker makes of a layout (src/gc/mark.cc).
#pragma once

#include <array>
#include <atomic>
#include <bitset>
#include <chrono>
#include <complex>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "gort/detail/aggregate.hpp"
#include "gort/detail/heap_core.hpp"
#include "gort/layout.hpp"

namespace gort::detail {

template <class T>
concept says_holds_pointers = requires {
  { object_traits<T>::holds_pointers } -> std::convertible_to<bool>;
};
template <class T>
concept says_needs_destructor = requires {
  { object_traits<T>::needs_destructor } -> std::convertible_to<bool>;
};

// --- which words
// Bit i: the word i. Objects of more words are all looked at.
inline constexpr std::size_t kMostMappedWords = 2048;

// Storage for other objects, by the language's rules: in a class that is aligned to a word somebody
// may keep handles there. Arrays of any other number hold nothing else.
template <class T>
inline constexpr bool is_storage_byte =
    std::is_same_v<T, unsigned char> || std::is_same_v<T, std::byte>;

template <class T>
inline constexpr bool is_code_pointer =
    std::is_pointer_v<T>&& std::is_function_v<std::remove_pointer_t<T>>;

template <class T, bool Aligned>
struct pointer_free_parts : std::false_type {};  // of library types: what they are made of

template <class List, bool Aligned>
struct pointer_free_fields;

// Whether no word of a T is a pointer. Aligned: it stands in, or is, an object aligned to a word.
template <class T, bool Aligned>
consteval bool is_pointer_free() {
  using V = std::remove_cv_t<T>;
  if constexpr (says_holds_pointers<V>) {
    return !object_traits<V>::holds_pointers;
  } else if constexpr (std::is_arithmetic_v<V> || std::is_enum_v<V> || std::is_null_pointer_v<V> ||
                       std::is_member_pointer_v<V> || is_code_pointer<V>) {
    return true;
  } else if constexpr (std::is_array_v<V>) {
    using element = std::remove_cv_t<std::remove_all_extents_t<V>>;
    return is_pointer_free<element, Aligned>() &&
           !(Aligned && is_storage_byte<element> && sizeof(V) >= sizeof(void*));
  } else if constexpr (std::is_empty_v<V> || sizeof(V) < sizeof(void*)) {
    return true;
  } else if constexpr (declares_layout<V>) {
    return std::apply(
        []<class... F>(declared_field<F>...) { return (is_pointer_free<F, Aligned>() && ...); },
        layout_access::of<V>().fields);
  } else if constexpr (pointer_free_parts<V, Aligned>::value) {
    return true;
  } else if constexpr (has_known_fields<V>) {
    return pointer_free_fields<fields_of<V>, Aligned>::value;
  } else {
    return false;
  }
}

template <bool Addressable, class... F, bool Aligned>
struct pointer_free_fields<field_list<Addressable, F...>, Aligned>
    : std::bool_constant<(is_pointer_free<F, Aligned>() && ...)> {};

template <class T, std::size_t N, bool Aligned>
requires(N > 0) struct pointer_free_parts<std::array<T, N>, Aligned>
    : std::bool_constant<is_pointer_free<T[N], Aligned>()> {
};
template <class A, class B, bool Aligned>
struct pointer_free_parts<std::pair<A, B>, Aligned>
    : std::bool_constant<is_pointer_free<A, Aligned>() && is_pointer_free<B, Aligned>()> {};
template <class... T, bool Aligned>
struct pointer_free_parts<std::tuple<T...>, Aligned>
    : std::bool_constant<(is_pointer_free<T, Aligned>() && ...)> {};
template <class... T, bool Aligned>
struct pointer_free_parts<std::variant<T...>, Aligned>
    : std::bool_constant<(is_pointer_free<T, Aligned>() && ...)> {};
template <class T, bool Aligned>
struct pointer_free_parts<std::optional<T>, Aligned>
    : std::bool_constant<is_pointer_free<T, Aligned>()> {};
template <class T, bool Aligned>
struct pointer_free_parts<std::atomic<T>, Aligned>
    : std::bool_constant<is_pointer_free<T, Aligned>()> {};
template <class T, bool Aligned>
struct pointer_free_parts<std::complex<T>, Aligned>
    : std::bool_constant<is_pointer_free<T, Aligned>()> {};
template <class R, class P, bool Aligned>
struct pointer_free_parts<std::chrono::duration<R, P>, Aligned>
    : std::bool_constant<is_pointer_free<R, Aligned>()> {};
template <class C, class D, bool Aligned>
struct pointer_free_parts<std::chrono::time_point<C, D>, Aligned>
    : std::bool_constant<is_pointer_free<D, Aligned>()> {};
template <std::size_t N, bool Aligned>
struct pointer_free_parts<std::bitset<N>, Aligned> : std::true_type {};

// What stands by itself; of an array, each element.
template <class T>
using element_of = std::remove_cv_t<std::remove_all_extents_t<T>>;
template <class T>
inline constexpr bool holds_pointers =
    !is_pointer_free<element_of<T>, (alignof(T) >= alignof(void*))>();

template <std::size_t Words>
struct word_map {
  std::array<std::uint64_t, (Words + 63) / 64> bits{};
  constexpr void set(std::size_t offset, std::size_t bytes) {
    constexpr std::size_t kWord = sizeof(void*);
    for (std::size_t i = offset / kWord; i < (offset + bytes + kWord - 1) / kWord; ++i) {
      if (i < Words) bits[i / 64] |= std::uint64_t{1} << i % 64;
    }
  }
};

// Library types that are looked into like arrays and classes of fields.
template <class T>
inline constexpr bool is_std_array = false;
template <class T, std::size_t N>
inline constexpr bool is_std_array<std::array<T, N>> = sizeof(std::array<T, N>) == sizeof(T[N]);
template <class T>
inline constexpr bool is_std_pair = false;
template <class A, class B>
inline constexpr bool is_std_pair<std::pair<A, B>> = field_list<true, A, B>::size() ==
                                                     sizeof(std::pair<A, B>);

// Sets the bits of a T at `offset`.
template <class T, std::size_t Words>
constexpr void map_words(word_map<Words>& map, std::size_t offset) {
  using V = std::remove_cv_t<T>;
  if constexpr (is_pointer_free<V, true>()) {
    return;
  } else if constexpr (std::is_array_v<V>) {
    using element = std::remove_extent_t<V>;
    if constexpr (is_storage_byte<std::remove_cv_t<element>>) {
      map.set(offset, sizeof(V));
    } else {
      for (std::size_t i = 0; i < std::extent_v<V>; ++i) {
        map_words<element>(map, offset + i * sizeof(element));
      }
    }
  } else if constexpr (is_std_array<V>) {
    using element = typename V::value_type;
    map_words<element[sizeof(V) / sizeof(element)]>(map, offset);
  } else if constexpr (is_std_pair<V>) {
    using fields = field_list<true, typename V::first_type, typename V::second_type>;
    fields::for_each([&]<class Field>(std::size_t at) { map_words<Field>(map, offset + at); });
  } else if constexpr (says_holds_pointers<V>) {
    map.set(offset, sizeof(V));
  } else if constexpr (declares_layout<V>) {
    std::apply([&]<class... F>(
                   declared_field<F>... field) { (map_words<F>(map, offset + field.offset), ...); },
               layout_access::of<V>().fields);
  } else if constexpr (has_mapped_fields<V>) {
    fields_of<V>::for_each(
        [&]<class Field>(std::size_t at) { map_words<Field>(map, offset + at); });
  } else {
    map.set(offset, sizeof(V));
  }
}

// Larger ones, and those that are no whole number of words, have one bit that stands for all.
template <class T>
inline constexpr bool has_map = sizeof(T) % sizeof(void*) == 0 &&
                                sizeof(T) / sizeof(void*) <= kMostMappedWords;
template <class T>
inline constexpr std::size_t map_size = has_map<T> ? sizeof(T) / sizeof(void*) : 1;

template <class T>
constexpr auto make_map() {
  word_map<map_size<T>> map;
  if constexpr (holds_pointers<T>) {
    if constexpr (has_map<T>) {
      map_words<T>(map, 0);
    } else {
      map.set(0, sizeof(void*));
    }
  }
  return map;
}
// T is no array: an array repeats its elements' layout.
template <class T>
inline constexpr auto map_of = make_map<T>();

template <class A, class B>
[[gnu::always_inline]] inline bool pair_offsets_hold() {
  const auto& probe = *reinterpret_cast<const std::pair<A, B>*>(field_probe);
  const auto* const first =
      reinterpret_cast<const volatile unsigned char*>(std::addressof(probe.first));
  const auto* const second =
      reinterpret_cast<const volatile unsigned char*>(std::addressof(probe.second));
  return first == field_probe &&
         second == field_probe + ((sizeof(A) + alignof(B) - 1) & -alignof(B));
}

// Whether the addresses of all fields that map_words looked into are where it thought.
template <class T>
[[gnu::always_inline]] inline bool map_holds() {
  using V = std::remove_cv_t<T>;
  if constexpr (is_pointer_free<V, true>() || says_holds_pointers<V>) {
    return true;
  } else if constexpr (std::is_array_v<V>) {
    return map_holds<std::remove_extent_t<V>>();
  } else if constexpr (is_std_array<V>) {
    return map_holds<typename V::value_type>();
  } else if constexpr (is_std_pair<V>) {
    return map_holds<typename V::first_type>() && map_holds<typename V::second_type>() &&
           pair_offsets_hold<typename V::first_type, typename V::second_type>();
  } else if constexpr (declares_layout<V>) {
    return std::apply([]<class... F>(declared_field<F>...) { return (map_holds<F>() && ...); },
                      layout_access::of<V>().fields);
  } else if constexpr (has_mapped_fields<V>) {
    return offsets_hold<V>()&&[]<bool A, class... F>(field_list<A, F...>) {
      return (map_holds<F>() && ...);
    }
    (fields_of<V>());
  } else {
    return true;
  }
}

// --- destructors
// What is assigned when a field is.
template <class Field>
using field_element = std::remove_all_extents_t<Field>;

// Handles and library types: whether ending what they hold needs a destructor.
template <class T>
struct needs_end : std::true_type {};

// A class without constructors may have a destructor of its own all the same. What is known of the
// fields F says what the class would be without one; where it is less, there may be one.
//
// Then it has no implicit move assignment, and moving is copying: of a class with one of gort's
// handles in it that shows, since copying a handle is not declared noexcept, but moving it is. Or
// the user has declared the move assignment as well, and it has no constructor that moves or
// copies. And a class is a literal type, as gort's handles are, only if its destructor is
// constexpr. So a destructor is seen but for one that is declared constexpr, in a class with fields
// that cannot be assigned.
template <class T, class F>
consteval bool surely_ends_by_fields() {
  return []<bool A, class... Field>(field_list<A, Field...>) {
    if ((std::is_trivially_destructible_v<Field> && ...)) return false;  // so T would be
    constexpr bool constructible = (std::is_move_constructible_v<field_element<Field>> && ...);
    constexpr bool assignable = (std::is_move_assignable_v<field_element<Field>> && ...);
    constexpr bool literal = (__is_literal_type(Field) && ...);
    if (constructible && !std::is_move_constructible_v<T>) return false;
    if (assignable &&
        (!std::is_nothrow_move_assignable_v<T> || std::is_nothrow_copy_assignable_v<T>)) {
      return false;
    }
    if (literal && !__is_literal_type(T)) return false;
    return assignable || literal;
  }
  (F());
}

template <class T>
consteval bool needs_destructor_of() {
  using V = std::remove_cv_t<T>;
  if constexpr (says_needs_destructor<V>) {
    return object_traits<V>::needs_destructor;
  } else if constexpr (declares_no_destructor<V>) {
    return false;
  } else if constexpr (std::is_trivially_destructible_v<V>) {
    return false;
  } else if constexpr (std::is_array_v<V>) {
    return needs_destructor_of<element_of<V>>();
  } else if constexpr (!needs_end<V>::value) {
    return false;
  } else if constexpr (has_known_fields<V>) {
    return []<bool A, class... F>(field_list<A, F...> fields) {
      return (needs_destructor_of<F>() || ...) || !surely_ends_by_fields<V, decltype(fields)>();
    }
    (fields_of<V>());
  } else {
    return true;
  }
}
template <class T>
inline constexpr bool needs_destructor = needs_destructor_of<T>();

template <class T, std::size_t N>
struct needs_end<std::array<T, N>> : std::bool_constant<needs_destructor_of<T>()> {};
template <class A, class B>
struct needs_end<std::pair<A, B>>
    : std::bool_constant<needs_destructor_of<A>() || needs_destructor_of<B>()> {};
template <class... T>
struct needs_end<std::tuple<T...>> : std::bool_constant<(needs_destructor_of<T>() || ...)> {};
template <class... T>
struct needs_end<std::variant<T...>> : std::bool_constant<(needs_destructor_of<T>() || ...)> {};
template <class T>
struct needs_end<std::optional<T>> : std::bool_constant<needs_destructor_of<T>()> {};

// --- what the heap is told
template <class T>
inline constexpr object_kind kind_of = needs_destructor<T> ? object_kind::destructible
                                       : holds_pointers<T> ? object_kind::scan
                                                           : object_kind::noscan;

template <class T>
void destroy_objects(void* first, std::size_t count) {
  T* const objects = static_cast<T*>(first);
  for (std::size_t i = 0; i < count; ++i) objects[i].~T();
}
template <class T>
consteval auto destroyer() -> void (*)(void*, std::size_t) {
  if constexpr (needs_destructor<T>) {
    return &destroy_objects<T>;
  } else {
    return nullptr;
  }
}

template <class T, bool Array>
inline constexpr object_layout precise_layout{static_cast<std::uint32_t>(map_size<T>),
                                              Array || !has_map<T> ? 0 : 1, map_of<T>.bits.data(),
                                              destroyer<T>(), type_signature<T>()};
template <class T>
inline constexpr object_layout full_layout{1, 0, &kEveryWord, destroyer<T>(), type_signature<T>()};

// The layout of an object of type T, no array, or of an array of them.
template <class T, bool Array>
[[gnu::always_inline]] inline const object_layout* layout_for() {
  if constexpr (!holds_pointers<T> || !has_map<T>) {
    return &precise_layout<T, Array>;
  } else {
    return map_holds<T>() ? &precise_layout<T, Array> : &full_layout<T>;
  }
}

}  // namespace gort::detail
