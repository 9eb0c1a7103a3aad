// slice: a view of part of a collected array, with room to grow. Go's slice.
//
//     auto s = make<slice<int>>(3);      s = append(s, 4, 5);      for (int x : s(1, 4)) ...
//
// A slice is three words: where its first element is, how many there are (len), and how many there
// is room for before the array ends (cap). Copying it copies these: both share the elements. All
// members are const, as for a pointer: the elements are not the slice's. A nil slice, the default,
// has no array, and is good for everything but indexing.
//
// Indices are checked. They are std::size_t; a negative number is out of range like any other that
// is too large. What fails throws runtime_error with Go's text and changes nothing.
//
// append returns the longer slice: in the same array while there is room, which others that share
// it may see; else in a new one, with copies of the elements (of types that can only be moved, the
// elements themselves). T must be default constructible, and assignable where elements are written.
// Elements with a destructor are destroyed some time after the array became unreachable, not when a
// slice forgets them.
//
// A pointer or iterator to an element keeps the array alive from a stack, as any T* does. One slice
// variable is not assigned while another goroutine uses it; elements are ordinary memory.
// [SL1] The address lies in the array: when the capacity is 0 it is not advanced, since one past
//       the end may be the next object.
// Not here: strings (string.hpp); memory, growth, the texts of errors (detail/slice_core.hpp).
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <ranges>
#include <string_view>
#include <type_traits>
#include <utility>

#include "gort/detail/slice_core.hpp"
#include "gort/make.hpp"

namespace gort {

template <class T>
class slice;

namespace detail {
// What a literal is, or another constant array of characters: a text, maybe with a zero behind it.
template <class R>
inline constexpr bool is_literal_text = false;
template <class C, std::size_t N>
requires(std::same_as<C, char> || std::same_as<C, wchar_t> || std::same_as<C, char8_t> ||
         std::same_as<C, char16_t> ||
         std::same_as<C, char32_t>) inline constexpr bool is_literal_text<const C (&)[N]> = true;
template <class R, class T>
concept range_of =
    std::ranges::input_range<R> && std::is_assignable_v<T&, std::ranges::range_reference_t<R>>;
}  // namespace detail
template <class T, detail::range_of<T> R>
[[nodiscard]] slice<T> append_range(const slice<T>& s, R&& values);

template <class T>
class slice {
 public:
  using element_type = T;
  using value_type = std::remove_cv_t<T>;
  using size_type = std::size_t;
  using difference_type = std::ptrdiff_t;
  using reference = T&;
  using iterator = T*;

  slice() noexcept = default;
  slice(std::nullptr_t) noexcept {}
  slice(std::initializer_list<T> values)  // unconstrained: T may be incomplete here
      : length_(values.size()),
        data_(detail::copy_elements(values.begin(), values.size(), values.size())),
        capacity_(values.size()) {
    static_assert(std::copy_constructible<T>, "a slice from values: T must be copyable");
  }
  // Copies; of a literal the text alone.
  template <std::ranges::input_range R>
  requires(!std::same_as<std::remove_cvref_t<R>, slice> &&
           std::convertible_to<std::ranges::range_reference_t<R>, T>) explicit slice(R&& values)
      : slice(append_range(slice(), std::forward<R>(values))) {}
  // `count` elements in memory that is collected or permanent. Go's unsafe.Slice.
  static slice over(T* first, std::size_t count) noexcept { return slice(first, count, count); }

  // Moving copies. What is declared here never throws; see detail::reference.
  slice(const slice& other) noexcept = default;
  slice& operator=(const slice& other) = default;
  slice& operator=(slice&& other) noexcept = default;
  ~slice() = default;

  [[gnu::always_inline]] T& operator[](std::size_t i) const {
    if (i >= length_) [[unlikely]]
      detail::throw_bounds(detail::bounds::index, i, length_);
    return data()[i];
  }
  // s[low:]
  slice operator()(std::size_t low) const {
    if (low > length_) [[unlikely]]
      detail::throw_bounds(detail::bounds::slice_order, low, length_);
    return part(low, length_, capacity_);
  }
  // s[low:high]: high may be up to the capacity.
  slice operator()(std::size_t low, std::size_t high) const {
    if (high > capacity_) [[unlikely]]
      detail::throw_bounds(detail::bounds::slice_capacity, high, capacity_);
    if (low > high) [[unlikely]]
      detail::throw_bounds(detail::bounds::slice_order, low, high);
    return part(low, high, capacity_);
  }
  // s[low:high:max]: the capacity becomes max - low.
  slice operator()(std::size_t low, std::size_t high, std::size_t max) const {
    if (max > capacity_) [[unlikely]]
      detail::throw_bounds(detail::bounds::slice3_capacity, max, capacity_);
    if (high > max) [[unlikely]]
      detail::throw_bounds(detail::bounds::slice3_high, high, max);
    if (low > high) [[unlikely]]
      detail::throw_bounds(detail::bounds::slice3_low, low, high);
    return part(low, high, max);
  }

  std::ptrdiff_t len() const noexcept { return static_cast<std::ptrdiff_t>(length_); }
  std::ptrdiff_t cap() const noexcept { return static_cast<std::ptrdiff_t>(capacity_); }

  // What makes it a contiguous range: it converts to std::span, and std::ranges works on it.
  T* data() const noexcept { return static_cast<T*>(data_.get()); }
  std::size_t size() const noexcept { return length_; }
  bool empty() const noexcept { return length_ == 0; }
  T* begin() const noexcept { return data(); }
  T* end() const noexcept { return data() + length_; }

  // Nil or not is all that can be asked, as in Go; std::ranges::equal compares elements.
  friend bool operator==(const slice& s, std::nullptr_t) noexcept {
    return s.data_.get() == nullptr;
  }

  // The same elements with room for `more` behind them: append's slow path.
  [[gnu::noinline]] slice grown(std::size_t more) const {
    if (more > detail::kMostSliced<T> - length_) detail::throw_grow_slice();
    const std::size_t capacity = detail::grown_capacity(capacity_, length_ + more, sizeof(T),
                                                        alignof(T), detail::kind_of<T>);
    return slice(detail::copy_elements<T>(data(), length_, capacity), length_, capacity);
  }
  // s[:length], unchecked: `length` is at most the capacity.
  [[gnu::always_inline]] slice extended(std::size_t length) const noexcept {
    return slice(data(), length, capacity_);
  }

 private:
  friend struct detail::maker<slice>;
  constexpr explicit slice(detail::literal_tag tag) noexcept : data_(tag) {}

  [[gnu::always_inline]] slice(T* data, std::size_t length, std::size_t capacity) noexcept
      : length_(length), data_(detail::erase_type(data)), capacity_(capacity) {}
  slice part(std::size_t low, std::size_t high, std::size_t max) const noexcept {
    return slice(data() + (max == low ? 0 : low), high - low, max - low);  // [SL1]
  }

  // The two numbers do not lie together, or compilers would join them in a vector register for each
  // copy, on the way from one append to the next.
  std::size_t length_ = 0;
  detail::reference data_;
  std::size_t capacity_ = 0;

  GORT_NO_DESTRUCTOR(slice);
  GORT_LAYOUT(slice, data_);
};

namespace detail {

template <class T>
inline constexpr bool handle_is_zero_made<slice<T>> = true;

// make<slice<T>>(length) and make<slice<T>>(length, capacity): elements are T{}. Throws
// runtime_error ("makeslice: len out of range", "makeslice: cap out of range").
template <class T>
struct maker<slice<T>> {
  static slice<T> make(std::size_t length) { return make(length, length); }
  static slice<T> make(std::size_t length, std::size_t capacity) {
    if (capacity > kMostSliced<T> || length > capacity) [[unlikely]]
      throw_make_slice(length, kMostSliced<T>);
    return slice<T>(make_elements<T>(capacity), length, capacity);
  }
};

// Values that are appended may be elements of the same array: all are taken before the first is
// written, and before what can only be moved leaves for a larger array.
template <class T, class V>
using taken = std::conditional_t<std::is_convertible_v<V&&, T> && std::is_move_assignable_v<T>,
                                 std::remove_cv_t<T>, V&&>;

template <class T, class... V>
[[gnu::always_inline]] inline slice<T> append_taken(const slice<T>& s, taken<T, V>... values) {
  const std::size_t length = s.size();
  const bool fits = static_cast<std::size_t>(s.cap()) - length >= sizeof...(V);
  const slice<T> longer = (fits ? s : s.grown(sizeof...(V))).extended(length + sizeof...(V));
  [[maybe_unused]] T* place = longer.data() + length;
  ((*place++ = static_cast<taken<T, V>&&>(values)), ...);
  return longer;
}
template <class T, class V>
[[gnu::noinline]] slice<T> append_slowly(const slice<T>& s, V&& value) {
  return append_taken<T, V>(s, std::forward<V>(value));
}

// Whether a range's elements may lie behind those of `s`, where it is about to be longer. What the
// range makes of others' elements when it is asked may be made of these.
template <class T, class R>
bool may_read_behind(const slice<T>& s, R& values) {
  if constexpr (std::ranges::forward_range<R> &&
                std::is_lvalue_reference_v<std::ranges::range_reference_t<R>>) {
    const auto low = reinterpret_cast<std::uintptr_t>(s.data() + s.size());
    const std::size_t bytes = (static_cast<std::size_t>(s.cap()) - s.size()) * sizeof(T);
    for (auto& value : values) {
      if (reinterpret_cast<std::uintptr_t>(std::addressof(value)) - low < bytes) return true;
    }
    return false;
  } else {
    return true;
  }
}

}  // namespace detail

// `s` with `values` behind its elements. Go's append(s, v...).
template <class T, class... V>
requires(std::is_assignable_v<T&, V&&>&&...)
    [[nodiscard, gnu::always_inline]] inline slice<T> append(const slice<T>& s, V&&... values) {
  if constexpr (sizeof...(V) == 1) {
    if (s.len() == s.cap()) [[unlikely]]
      return detail::append_slowly(s, std::forward<V>(values)...);
    const std::size_t length = s.size();
    ((s.data()[length] = std::forward<V>(values)), ...);
    return s.extended(length + 1);
  } else {
    return detail::append_taken<T, V...>(s, std::forward<V>(values)...);
  }
}

// `s` with copies of what `values` has behind its elements; they may be part of the same array. A
// string literal is its text, without the zero that ends it.
template <class T, detail::range_of<T> R>
[[nodiscard]] slice<T> append_range(const slice<T>& s, R&& values) {
  if constexpr (detail::is_literal_text<R>) {
    const std::size_t length = std::size(values) - (*std::rbegin(values) == 0);
    return append_range(s, std::basic_string_view(std::data(values), length));
  } else if constexpr (std::ranges::forward_range<R> || std::ranges::sized_range<R>) {
    const auto count = static_cast<std::size_t>(std::ranges::distance(values));
    if (count == 0) return s;
    const bool fits = static_cast<std::size_t>(s.cap()) - s.size() >= count;
    const slice<T> longer = (fits ? s : s.grown(count)).extended(s.size() + count);
    T* place = longer.data() + s.size();
    if constexpr (std::ranges::contiguous_range<R> &&
                  std::same_as<std::remove_cv_t<T>, std::ranges::range_value_t<R>>) {
      detail::assign_elements<T>(place, std::ranges::data(values), count);
    } else if (fits && detail::may_read_behind(s, values)) {
      for (T& value : append_range(slice<T>(), values)) *place++ = std::move(value);
    } else {
      for (auto&& value : values) *place++ = std::forward<decltype(value)>(value);
    }
    return longer;
  } else {
    slice<T> longer = s;
    for (auto&& value : values) longer = append(longer, std::forward<decltype(value)>(value));
    return longer;
  }
}
// Go's append(s, values...): for what is no element itself.
template <class T, detail::range_of<T> R>
requires(!std::is_assignable_v<T&, R&&>)
    [[nodiscard]] slice<T> append(const slice<T>& s, R&& values) {
  return append_range(s, std::forward<R>(values));
}

// Copies as many elements as both have; the two may overlap. Returns how many. Go's copy.
template <class T>
std::ptrdiff_t copy(const slice<T>& to, const std::type_identity_t<slice<T>>& from) {
  const std::size_t count = to.size() < from.size() ? to.size() : from.size();
  detail::assign_elements<T>(to.data(), from.data(), count);
  return static_cast<std::ptrdiff_t>(count);
}

// Assigns T{} to all elements. Go's clear.
template <class T>
void clear(const slice<T>& s) {
  detail::reset_elements(s.data(), s.size());
}

template <class T>
std::ptrdiff_t len(const slice<T>& s) noexcept {
  return s.len();
}
template <class T>
std::ptrdiff_t cap(const slice<T>& s) noexcept {
  return s.cap();
}
}  // namespace gort

template <class T>
inline constexpr bool std::ranges::enable_borrowed_range<gort::slice<T>> = true;
