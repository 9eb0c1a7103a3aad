// allocator: std containers in collected memory.
//
// What std::vector and std::deque allocate with it is an object of the collected heap, scanned by
// the layout of the elements. The container holds it by references like ptr, so the container may
// lie anywhere; in a collected object, a cycle through it is collected. Giving memory back does
// nothing: the collector finds it.
//
// The node-based containers (list, map, set, the unordered ones, shared_ptr's control blocks) link
// their nodes by plain pointers, which the collector could lose while they move; libstdc++'s
// strings and vector<bool> keep plain pointers too. What these allocate is given back by hand, by
// the container: handles in it work and keep what they refer to, as in any other memory, but for
// the collector each is a root: a cycle through such a container is not collected. gort::map, or a
// vector, is for that.
//
// Not here: gort's slice, map and string, which need none of this.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>
#include <vector>

#include "gort/detail/handle.hpp"
#include "gort/detail/traced_pointer.hpp"
#include "gort/heap.hpp"

namespace gort {

namespace detail {

// A type that only a std library's inside knows, or a pointer to one: a node, a bucket, a control
// block. Its names are reserved ones in std.
template <class T>
consteval bool is_library_node() {
  constexpr std::string_view text = __PRETTY_FUNCTION__;
  constexpr std::string_view mark = "T = ";
  constexpr std::size_t at = text.find(mark);
  static_assert(at != text.npos);
  return text.substr(at + mark.size()).starts_with("std::_");
}
template <class T>
inline constexpr bool is_character =
    std::is_same_v<T, char> || std::is_same_v<T, wchar_t> || std::is_same_v<T, char8_t> ||
    std::is_same_v<T, char16_t> || std::is_same_v<T, char32_t>;

// Who uses it keeps plain pointers to the memory. WordsOfBits: of a vector<bool>.
template <class T, bool WordsOfBits>
inline constexpr bool is_by_hand = is_library_node<T>() || is_character<T> || WordsOfBits;

template <class T, bool WordsOfBits>
class basic_allocator;

}  // namespace detail

// Fulfils the standard's requirements of an allocator; all are equal. allocate throws
// std::bad_array_new_length if n objects have more bytes than there are; when memory is out, the
// process ends. Any thread. Go has no such thing.
template <class T>
using allocator = detail::basic_allocator<T, false>;

template <class T, bool WordsOfBits>
class detail::basic_allocator {
  static_assert(!std::is_const_v<T> && !std::is_volatile_v<T>,
                "gort::allocator<T>: T must not be const or volatile");
  static constexpr bool kByHand = is_by_hand<T, WordsOfBits>;

 public:
  using value_type = T;
  using pointer = std::conditional_t<kByHand, T*, detail::traced_pointer<T>>;
  using const_pointer = std::conditional_t<kByHand, const T*, detail::traced_pointer<const T>>;
  using void_pointer = std::conditional_t<kByHand, void*, detail::traced_pointer<void>>;
  using const_void_pointer =
      std::conditional_t<kByHand, const void*, detail::traced_pointer<const void>>;
  using size_type = std::size_t;
  using difference_type = std::ptrdiff_t;
  using is_always_equal = std::true_type;
  using propagate_on_container_move_assignment = std::true_type;
  template <class U>
  struct rebind {
    static constexpr bool kBits = std::is_same_v<T, bool> || WordsOfBits;
    using other = basic_allocator<U, kBits && !std::is_same_v<U, bool>>;
  };

  constexpr basic_allocator() noexcept = default;
  template <class U, bool B>
  constexpr basic_allocator(const basic_allocator<U, B>&) noexcept {}

  [[nodiscard]] pointer allocate(std::size_t n) {
    static_assert(alignof(T) <= detail::kHeapPageBytes,
                  "gort::allocator<T>: T is aligned to more than a page of 8192 bytes");
    if (n > detail::most_elements<T>) throw std::bad_array_new_length();
    if constexpr (kByHand) {
      return static_cast<T*>(detail::allocate_body(n * sizeof(T), alignof(T)));
    } else {
      return pointer(static_cast<T*>(allocate_collected(n * sizeof(T))));
    }
  }
  void deallocate(pointer memory, std::size_t) noexcept {
    if constexpr (kByHand) {
      detail::free_body(memory);
    } else {
      static_cast<void>(memory);
    }
  }
  std::size_t max_size() const noexcept { return detail::most_elements<T>; }

  template <class U, bool B>
  friend constexpr bool operator==(const basic_allocator&, const basic_allocator<U, B>&) noexcept {
    return true;
  }

 private:
  // The container destroys its elements itself. A byte more, for its end is a pointer too, which
  // would otherwise keep what comes next.
  static void* allocate_collected(std::size_t bytes) {
    if constexpr (detail::holds_pointers<T>) {
      return detail::allocate_object(bytes + 1, alignof(T), detail::object_kind::scan,
                                     detail::layout_for<T, true>());
    } else {
      return detail::allocate_object(bytes, alignof(T), detail::object_kind::noscan,
                                     detail::layout_for<T, true>());
    }
  }
};

// A vector whose elements need no destructor needs none: its memory is the collector's.
template <class T>
struct detail::needs_end<std::vector<T, allocator<T>>>
    : std::bool_constant<detail::needs_destructor<T> || detail::is_by_hand<T, false> ||
                         std::is_same_v<T, bool>> {};
template <class T>
struct detail::needs_end<std::deque<T, allocator<T>>>
    : std::bool_constant<detail::needs_destructor<T> || detail::is_by_hand<T, false>> {};

}  // namespace gort
