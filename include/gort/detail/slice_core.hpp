// What is behind slice: its elements' memory, how it grows, and the errors of indices.
//
// Elements are objects of the collected heap, an array each; all that the array has room for are
// constructed, so every place is a valid value (Go's zero value) and can be assigned, and its end
// is ended once, by the collector. Where all bytes zero is what T{} makes, nothing is constructed:
// memory comes zeroed.
//
// An array that is full is copied, not moved from: other slices may share it, and see it as it was.
// Copying is memcpy where copying a T is copying its bytes: plain data, gort's handles, and
// aggregates of both; new memory needs no barrier, for it held no reference. What overwrites
// elements that live goes through their assignment, or move_slots.
//
// Any thread. Not here: which types hold pointers (type_info.hpp), slice itself (slice.hpp).
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <memory>
#include <type_traits>
#include <utility>

#include "gort/detail/aggregate.hpp"
#include "gort/detail/barrier.hpp"
#include "gort/detail/heap_core.hpp"
#include "gort/detail/type_info.hpp"
#include "gort/heap.hpp"

namespace gort::detail {

// --- errors, with Go's texts: each throws runtime_error. Numbers that were negative before they
// became std::size_t are shown so.
enum class bounds : unsigned char {
  index,            // s[x], y = len
  slice_length,     // s(?, x), y = len: of strings
  slice_capacity,   // s(?, x), y = cap
  slice_order,      // s(x, y)
  slice3_capacity,  // s(?, ?, x), y = cap
  slice3_high,      // s(?, x, y)
  slice3_low,       // s(x, y, ?)
};
[[noreturn, gnu::cold]] void throw_bounds(bounds which, std::size_t x, std::size_t y);
// makeslice's: whichever of the two is out of range.
[[noreturn, gnu::cold]] void throw_make_slice(std::size_t length, std::size_t most);
[[noreturn, gnu::cold]] void throw_grow_slice();

// --- traits
// A handle of gort's, of words that can be copied: those whose default is all zeros, but for
// atomic_ptr, which cannot be copied.
template <class T>
inline constexpr bool is_word_handle = handle_is_zero_made<T>&& std::is_copy_constructible_v<T>;

template <class T>
struct copyable_parts : std::false_type {};  // of library types: what they are made of

// Whether to copy-construct a T is to copy its bytes.
template <class T>
consteval bool copies_as_bytes_of() {
  using V = std::remove_cv_t<T>;
  if constexpr (std::is_array_v<V>) {
    return copies_as_bytes_of<std::remove_all_extents_t<V>>();
  } else if constexpr (!std::is_copy_constructible_v<V>) {
    return false;
  } else if constexpr (std::is_trivially_copyable_v<V> || is_word_handle<V> ||
                       copyable_parts<V>::value) {
    return true;
  } else if constexpr (has_known_fields<V>) {
    // An aggregate has no constructors of its own: it is copied field by field.
    return []<bool A, class... F>(field_list<A, F...>) { return (copies_as_bytes_of<F>() && ...); }
    (fields_of<V>());
  } else {
    return false;
  }
}
template <class A, class B>
struct copyable_parts<std::pair<A, B>>
    : std::bool_constant<copies_as_bytes_of<A>() && copies_as_bytes_of<B>()> {};
template <class T, std::size_t N>
struct copyable_parts<std::array<T, N>> : std::bool_constant<copies_as_bytes_of<T>()> {};

template <class T>
inline constexpr bool copies_as_bytes = copies_as_bytes_of<T>();

// Whether to assign a T is to copy its words, if the collector is shown what was there.
template <class T>
inline constexpr bool assigns_as_words = holds_pointers<T> && sizeof(T) % sizeof(void*) == 0 &&
                                         alignof(T) % alignof(void*) == 0 &&
                                         (std::is_trivially_copyable_v<T> || is_word_handle<T>);
template <class T>
inline constexpr bool assigns_as_bytes = !holds_pointers<T> && std::is_trivially_copyable_v<T>;

// --- memory
// No array is larger: Go's limit of addresses.
template <class T>
inline constexpr std::size_t kMostSliced = (std::size_t{1} << 48) / sizeof(T);

// What slices without room point to, so that they are not nil; never accessed.
extern unsigned char empty_array[];

// The capacity for `needed` elements when there were `old`: twice as many up to 256, then gradually
// less down to a quarter more, and what the memory has room for. Throws if it is too much.
std::size_t grown_capacity(std::size_t old, std::size_t needed, std::size_t element_bytes,
                           std::size_t align, object_kind kind);

// `count` elements with T{} as value.
template <class T>
T* make_elements(std::size_t count) {
  return count != 0 ? make_array<T>(count) : reinterpret_cast<T*>(empty_array);
}

// memcpy, but for what is larger than the caches the processor's own copying, which is faster by a
// third than what C libraries do.
inline void copy_bytes(void* to, const void* from, std::size_t bytes) {
#if defined(__x86_64__) && !defined(GORT_BARRIER_BY_CALL)
  constexpr std::size_t kFarBytes = std::size_t{1} << 20, kWord = 8;
  if (bytes >= kFarBytes && bytes % kWord == 0) {
    std::size_t words = bytes / kWord;
    asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
    return;
  }
#endif
  std::memcpy(to, from, bytes);
}

// make_elements, with copies of `length` elements from `from` on in the beginning; of types that
// cannot be copied, what was moved from there. If a constructor throws, what was made before is
// garbage without an end, as for new_.
template <class T>
T* copy_elements(const T* from, std::size_t length, std::size_t count) {
  static_assert(std::copy_constructible<T> || std::move_constructible<T>,
                "elements of a slice that grows are copied or moved");
  if (count == 0) return reinterpret_cast<T*>(empty_array);
  if constexpr (copies_as_bytes<T> && is_zero_made<T>()) {
    T* const first = allocate_array<T>(count, holds_pointers<T> ? 0 : length);
    if (length != 0) {
      copy_bytes(first, from, length * sizeof(T));
    }
    constructed_array(first, count, count);
    return first;
  } else {
    T* const first = allocate_array<T>(count);
    if constexpr (std::copy_constructible<T>) {
      std::uninitialized_copy_n(from, length, first);
    } else {
      std::uninitialized_move_n(const_cast<T*>(from), length, first);
    }
    constructed_array(first, count, length);
    if constexpr (!is_zero_made<T>()) {
      std::uninitialized_value_construct_n(first + length, count - length);
    }
    constructed_array(first, count, count);
    return first;
  }
}

// Assigns `count` elements; the two may overlap, as for memmove.
template <class T>
void assign_elements(T* to, const T* from, std::size_t count) {
  if (count == 0 || to == from) return;
  if constexpr (assigns_as_bytes<T>) {
    std::memmove(static_cast<void*>(to), static_cast<const void*>(from), count * sizeof(T));
  } else if constexpr (assigns_as_words<T>) {
    // A section each: the world is not to wait long for one.
    constexpr std::size_t kAtOnce = std::max(std::size_t{1}, (std::size_t{32} << 10) / sizeof(T));
    constexpr std::size_t kWords = sizeof(T) / sizeof(void*);
    const bool backwards = to > from && to < from + count;
    for (std::size_t done = 0; done < count;) {
      const std::size_t some = std::min(kAtOnce, count - done);
      const std::size_t at = backwards ? count - done - some : done;
      move_slots(reinterpret_cast<void**>(to + at), reinterpret_cast<void* const*>(from + at),
                 some * kWords);
      done += some;
    }
  } else if (to > from && to < from + count) {
    std::copy_backward(from, from + count, to + count);
  } else {
    std::copy(from, from + count, to);
  }
}

// Assigns T{} to each.
template <class T>
void reset_elements(T* first, std::size_t count) {
  if (count == 0) return;
  if constexpr (assigns_as_bytes<T> && is_zero_made<T>()) {
    std::memset(static_cast<void*>(first), 0, count * sizeof(T));
  } else if constexpr (assigns_as_words<T> && is_zero_made<T>()) {
    constexpr std::size_t kAtOnce = std::max(std::size_t{1}, (std::size_t{32} << 10) / sizeof(T));
    for (std::size_t done = 0; done < count; done += kAtOnce) {
      move_slots(reinterpret_cast<void**>(first + done), nullptr,
                 std::min(kAtOnce, count - done) * (sizeof(T) / sizeof(void*)));
    }
  } else {
    for (std::size_t i = 0; i < count; ++i) first[i] = T();
  }
}

}  // namespace gort::detail
