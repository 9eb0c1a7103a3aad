// The fields of an aggregate: how many there are, of which types, and where.
//
// The language has no list of a class's members, but two of its rules give them away for a class
// without constructors. T{{}, {}, {}} is valid exactly if T has three fields or more, whatever they
// are, arrays and unions included: so fields can be counted. And a structured binding names them,
// if it has the right number of names; else it is an error that no template can catch. So
// everything that would be an error is asked for before: a field that {} cannot make (T{{}, x}
// takes more than counted), bases, unions and structs without a name, reference members. Such a
// class is unknown, which is always a correct answer.
//
// Where the fields lie is computed as every ABI does, each at the next multiple of its alignment,
// and checked against the addresses of the bindings (offsets_hold), which optimisers fold: bit
// fields, packing and members with alignments of their own make the class unknown too.
//
// Compile-time only, internal to gort's headers. Not here: what the fields mean (type_info.hpp).
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

// M(a name) for each of the first n names, and n times {}.
// clang-format off
#define GORT_DETAIL_NAMES_1(M) M(f1)
#define GORT_DETAIL_EMPTY_0
#define GORT_DETAIL_EMPTY_1 {},
#define GORT_DETAIL_NAMES_2(M) GORT_DETAIL_NAMES_1(M), M(f2)
#define GORT_DETAIL_NAMES_3(M) GORT_DETAIL_NAMES_2(M), M(f3)
#define GORT_DETAIL_NAMES_4(M) GORT_DETAIL_NAMES_3(M), M(f4)
#define GORT_DETAIL_NAMES_5(M) GORT_DETAIL_NAMES_4(M), M(f5)
#define GORT_DETAIL_NAMES_6(M) GORT_DETAIL_NAMES_5(M), M(f6)
#define GORT_DETAIL_NAMES_7(M) GORT_DETAIL_NAMES_6(M), M(f7)
#define GORT_DETAIL_NAMES_8(M) GORT_DETAIL_NAMES_7(M), M(f8)
#define GORT_DETAIL_NAMES_9(M) GORT_DETAIL_NAMES_8(M), M(f9)
#define GORT_DETAIL_NAMES_10(M) GORT_DETAIL_NAMES_9(M), M(f10)
#define GORT_DETAIL_NAMES_11(M) GORT_DETAIL_NAMES_10(M), M(f11)
#define GORT_DETAIL_NAMES_12(M) GORT_DETAIL_NAMES_11(M), M(f12)
#define GORT_DETAIL_NAMES_13(M) GORT_DETAIL_NAMES_12(M), M(f13)
#define GORT_DETAIL_NAMES_14(M) GORT_DETAIL_NAMES_13(M), M(f14)
#define GORT_DETAIL_NAMES_15(M) GORT_DETAIL_NAMES_14(M), M(f15)
#define GORT_DETAIL_NAMES_16(M) GORT_DETAIL_NAMES_15(M), M(f16)
#define GORT_DETAIL_NAMES_17(M) GORT_DETAIL_NAMES_16(M), M(f17)
#define GORT_DETAIL_NAMES_18(M) GORT_DETAIL_NAMES_17(M), M(f18)
#define GORT_DETAIL_NAMES_19(M) GORT_DETAIL_NAMES_18(M), M(f19)
#define GORT_DETAIL_NAMES_20(M) GORT_DETAIL_NAMES_19(M), M(f20)
#define GORT_DETAIL_NAMES_21(M) GORT_DETAIL_NAMES_20(M), M(f21)
#define GORT_DETAIL_NAMES_22(M) GORT_DETAIL_NAMES_21(M), M(f22)
#define GORT_DETAIL_NAMES_23(M) GORT_DETAIL_NAMES_22(M), M(f23)
#define GORT_DETAIL_NAMES_24(M) GORT_DETAIL_NAMES_23(M), M(f24)
#define GORT_DETAIL_NAMES_25(M) GORT_DETAIL_NAMES_24(M), M(f25)
#define GORT_DETAIL_NAMES_26(M) GORT_DETAIL_NAMES_25(M), M(f26)
#define GORT_DETAIL_NAMES_27(M) GORT_DETAIL_NAMES_26(M), M(f27)
#define GORT_DETAIL_NAMES_28(M) GORT_DETAIL_NAMES_27(M), M(f28)
#define GORT_DETAIL_NAMES_29(M) GORT_DETAIL_NAMES_28(M), M(f29)
#define GORT_DETAIL_NAMES_30(M) GORT_DETAIL_NAMES_29(M), M(f30)
#define GORT_DETAIL_NAMES_31(M) GORT_DETAIL_NAMES_30(M), M(f31)
#define GORT_DETAIL_NAMES_32(M) GORT_DETAIL_NAMES_31(M), M(f32)
#define GORT_DETAIL_NAMES_33(M) GORT_DETAIL_NAMES_32(M), M(f33)
#define GORT_DETAIL_NAMES_34(M) GORT_DETAIL_NAMES_33(M), M(f34)
#define GORT_DETAIL_NAMES_35(M) GORT_DETAIL_NAMES_34(M), M(f35)
#define GORT_DETAIL_NAMES_36(M) GORT_DETAIL_NAMES_35(M), M(f36)
#define GORT_DETAIL_NAMES_37(M) GORT_DETAIL_NAMES_36(M), M(f37)
#define GORT_DETAIL_NAMES_38(M) GORT_DETAIL_NAMES_37(M), M(f38)
#define GORT_DETAIL_NAMES_39(M) GORT_DETAIL_NAMES_38(M), M(f39)
#define GORT_DETAIL_NAMES_40(M) GORT_DETAIL_NAMES_39(M), M(f40)
#define GORT_DETAIL_EMPTY_2 GORT_DETAIL_EMPTY_1 {},
#define GORT_DETAIL_EMPTY_3 GORT_DETAIL_EMPTY_2 {},
#define GORT_DETAIL_EMPTY_4 GORT_DETAIL_EMPTY_3 {},
#define GORT_DETAIL_EMPTY_5 GORT_DETAIL_EMPTY_4 {},
#define GORT_DETAIL_EMPTY_6 GORT_DETAIL_EMPTY_5 {},
#define GORT_DETAIL_EMPTY_7 GORT_DETAIL_EMPTY_6 {},
#define GORT_DETAIL_EMPTY_8 GORT_DETAIL_EMPTY_7 {},
#define GORT_DETAIL_EMPTY_9 GORT_DETAIL_EMPTY_8 {},
#define GORT_DETAIL_EMPTY_10 GORT_DETAIL_EMPTY_9 {},
#define GORT_DETAIL_EMPTY_11 GORT_DETAIL_EMPTY_10 {},
#define GORT_DETAIL_EMPTY_12 GORT_DETAIL_EMPTY_11 {},
#define GORT_DETAIL_EMPTY_13 GORT_DETAIL_EMPTY_12 {},
#define GORT_DETAIL_EMPTY_14 GORT_DETAIL_EMPTY_13 {},
#define GORT_DETAIL_EMPTY_15 GORT_DETAIL_EMPTY_14 {},
#define GORT_DETAIL_EMPTY_16 GORT_DETAIL_EMPTY_15 {},
#define GORT_DETAIL_EMPTY_17 GORT_DETAIL_EMPTY_16 {},
#define GORT_DETAIL_EMPTY_18 GORT_DETAIL_EMPTY_17 {},
#define GORT_DETAIL_EMPTY_19 GORT_DETAIL_EMPTY_18 {},
#define GORT_DETAIL_EMPTY_20 GORT_DETAIL_EMPTY_19 {},
#define GORT_DETAIL_EMPTY_21 GORT_DETAIL_EMPTY_20 {},
#define GORT_DETAIL_EMPTY_22 GORT_DETAIL_EMPTY_21 {},
#define GORT_DETAIL_EMPTY_23 GORT_DETAIL_EMPTY_22 {},
#define GORT_DETAIL_EMPTY_24 GORT_DETAIL_EMPTY_23 {},
#define GORT_DETAIL_EMPTY_25 GORT_DETAIL_EMPTY_24 {},
#define GORT_DETAIL_EMPTY_26 GORT_DETAIL_EMPTY_25 {},
#define GORT_DETAIL_EMPTY_27 GORT_DETAIL_EMPTY_26 {},
#define GORT_DETAIL_EMPTY_28 GORT_DETAIL_EMPTY_27 {},
#define GORT_DETAIL_EMPTY_29 GORT_DETAIL_EMPTY_28 {},
#define GORT_DETAIL_EMPTY_30 GORT_DETAIL_EMPTY_29 {},
#define GORT_DETAIL_EMPTY_31 GORT_DETAIL_EMPTY_30 {},
#define GORT_DETAIL_EMPTY_32 GORT_DETAIL_EMPTY_31 {},
#define GORT_DETAIL_EMPTY_33 GORT_DETAIL_EMPTY_32 {},
#define GORT_DETAIL_EMPTY_34 GORT_DETAIL_EMPTY_33 {},
#define GORT_DETAIL_EMPTY_35 GORT_DETAIL_EMPTY_34 {},
#define GORT_DETAIL_EMPTY_36 GORT_DETAIL_EMPTY_35 {},
#define GORT_DETAIL_EMPTY_37 GORT_DETAIL_EMPTY_36 {},
#define GORT_DETAIL_EMPTY_38 GORT_DETAIL_EMPTY_37 {},
#define GORT_DETAIL_EMPTY_39 GORT_DETAIL_EMPTY_38 {},
#define GORT_DETAIL_EMPTY_40 GORT_DETAIL_EMPTY_39 {},
// X(n) for every n but 0.
#define GORT_DETAIL_EACH_COUNT(X) \
  X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) \
  X(11) X(12) X(13) X(14) X(15) X(16) X(17) X(18) X(19) X(20) \
  X(21) X(22) X(23) X(24) X(25) X(26) X(27) X(28) X(29) X(30) \
  X(31) X(32) X(33) X(34) X(35) X(36) X(37) X(38) X(39) X(40)
// clang-format on

namespace gort::detail {

// --- what can be put in the place of a field; none of it is ever called
struct any_value {
  template <class F>
  operator F() const {
    __builtin_unreachable();
  }
};
struct any_lvalue {
  template <class F>
  operator F&() const {
    __builtin_unreachable();
  }
};
struct any_rvalue {
  template <class F>
  operator F&&() const {
    __builtin_unreachable();
  }
};
struct never_value {};  // only constructors that take everything accept it

// Anonymous unions and structs of T have types without names. A union with a name could be bound,
// but its fields are unknown all the same.
template <class F>
consteval bool is_nameless() {
  constexpr std::string_view text = __PRETTY_FUNCTION__;
  for (const std::string_view mark : {"<unnamed ", "(unnamed ", "(anonymous struct",
                                      "(anonymous class", "(anonymous union", "<anonymous "}) {
    if (text.find(mark) != text.npos) return true;
  }
  return false;
}
struct any_union {
  template <class F>
  requires(std::is_union_v<F> || (std::is_class_v<F> && is_nameless<F>())) operator F() const {
    __builtin_unreachable();
  }
};
template <class T>
struct any_base {
  template <class F>
  requires(std::is_base_of_v<F, T> && !std::is_same_v<F, T>) operator F() const {
    __builtin_unreachable();
  }
};

// 0: unknown. T is an aggregate class, not a union.
template <class T>
consteval std::size_t count_fields() {
  std::size_t count = 0;
  bool more = true, has_union = false;
  if constexpr (
      !requires { T{}; } || requires { T{any_base<T>{}}; }) {
    return 0;
  } else {
    has_union = requires { T{any_union{}}; };
#define GORT_DETAIL_TRY(n)                                                              \
  if constexpr (requires { T{GORT_DETAIL_EMPTY_##n}; }) {                               \
    count = n;                                                                          \
    if constexpr (requires { T{GORT_DETAIL_EMPTY_##n any_union{}}; }) has_union = true; \
    more = requires { T{GORT_DETAIL_EMPTY_##n any_value{}}; }                           \
    || requires { T{GORT_DETAIL_EMPTY_##n any_lvalue{}}; }                              \
    || requires { T{GORT_DETAIL_EMPTY_##n any_rvalue{}}; }                              \
    || requires { T{GORT_DETAIL_EMPTY_##n never_value{}}; };                            \
  }
    GORT_DETAIL_EACH_COUNT(GORT_DETAIL_TRY)
#undef GORT_DETAIL_TRY
    return more || has_union ? 0 : count;
  }
}

template <class T>
concept may_be_decomposed = std::is_class_v<T> && !std::is_union_v<T> && std::is_aggregate_v<T> &&
                            !std::is_empty_v<T> && !std::is_polymorphic_v<T> && !requires {
  std::tuple_size<T>::value;
};
template <class T>
inline constexpr std::size_t field_count = 0;
template <may_be_decomposed T>
inline constexpr std::size_t field_count<T> = count_fields<T>();

// Addressable: none is a bit field.
template <bool Addressable, class... F>
struct field_list {
  static constexpr bool kAddressable = Addressable;
  static constexpr std::size_t kAlign = std::max({std::size_t{1}, alignof(F)...});
  // f.operator()<F>(offset) for each, in order.
  template <class Visitor>
  static constexpr std::size_t for_each(Visitor visit) {
    std::size_t end = 0;
    const auto next = [&]<class Field>() {
      const std::size_t at = (end + alignof(Field) - 1) & -alignof(Field);
      visit.template operator()<Field>(at);
      end = at + sizeof(Field);
    };
    (next.template operator()<F>(), ...);
    return (end + kAlign - 1) & -kAlign;
  }
  static consteval std::size_t size() {
    return for_each([]<class>(std::size_t) {});
  }
};

// Calls visit(field&...) if all have addresses; returns the list.
template <class T, class Visitor>
[[gnu::always_inline]] constexpr auto decompose(T& object, Visitor visit) {
  constexpr std::size_t count = field_count<std::remove_const_t<T>>;
#define GORT_DETAIL_NAME(x) x
#define GORT_DETAIL_TYPE(x) decltype(x)
#define GORT_DETAIL_HAS_ADDRESS(x) (requires { std::addressof(x); })
#define GORT_DETAIL_DECOMPOSE(n)                                                                   \
  else if constexpr (count == n) {                                                                 \
    auto& [GORT_DETAIL_NAMES_##n(GORT_DETAIL_NAME)] = object;                                      \
    constexpr bool addressable = std::min({true, GORT_DETAIL_NAMES_##n(GORT_DETAIL_HAS_ADDRESS)}); \
    if constexpr (addressable) visit(GORT_DETAIL_NAMES_##n(GORT_DETAIL_NAME));                     \
    return field_list<addressable, GORT_DETAIL_NAMES_##n(GORT_DETAIL_TYPE)>();                     \
  }
  if constexpr (count == 0) {
    return field_list<false>();
  }
  GORT_DETAIL_EACH_COUNT(GORT_DETAIL_DECOMPOSE)
#undef GORT_DETAIL_DECOMPOSE
#undef GORT_DETAIL_HAS_ADDRESS
#undef GORT_DETAIL_TYPE
#undef GORT_DETAIL_NAME
}

struct ignore_fields {
  template <class... F>
  constexpr void operator()(F&...) const {}
};
template <class T>
using fields_of = decltype(decompose(std::declval<T&>(), ignore_fields{}));

template <class T>
concept has_known_fields = field_count<T>
!= 0;
// And they lie where for_each says, as far as sizes and alignments tell.
template <class T>
concept has_mapped_fields = has_known_fields<T> && fields_of<T>::kAddressable &&
    fields_of<T>::size()
== sizeof(T) && fields_of<T>::kAlign == alignof(T);

// Memory that no compiler knows the size of: what fields' addresses are computed from.
extern const unsigned char field_probe[];

// Whether the fields of T are where for_each says.
template <class T>
[[gnu::always_inline]] inline bool offsets_hold() {
  const T& probe = *reinterpret_cast<const T*>(field_probe);
  bool hold = true;
  decompose(probe, [&hold]<class... F>(F&... field) {
    const std::size_t at[] = {static_cast<std::size_t>(
        reinterpret_cast<const volatile unsigned char*>(std::addressof(field)) - field_probe)...};
    std::size_t i = 0;
    fields_of<T>::for_each([&]<class>(std::size_t offset) { hold = hold && at[i++] == offset; });
  });
  return hold;
}

}  // namespace gort::detail
