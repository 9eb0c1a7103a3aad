// The collected heap: new_, cleanups, and what the collector is asked and told.
//
// An object is made by new_ and lives for as long as something reaches it; nothing gives it back.
// Its memory comes from the running processor's cache without a lock, an atomic instruction or a
// test of what the collector is doing. What the collector must know of its type is found out when
// the program is compiled (layout.hpp says how to help).
//
// Not here, but included: the references (ptr.hpp), std containers in collected memory
// (allocator.hpp), running and tuning the collector (memory.hpp), its numbers (mem_stats.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <tuple>
#include <type_traits>
#include <utility>

#include "gort/detail/boot_anchor.hpp"
#include "gort/detail/heap_core.hpp"
#include "gort/detail/special_core.hpp"
#include "gort/detail/type_info.hpp"
#include "gort/error.hpp"
#include "gort/layout.hpp"
#include "gort/mem_stats.hpp"
#include "gort/memory.hpp"
#include "gort/ptr.hpp"

namespace gort {

namespace detail {

// Handles whose default is all zeros.
template <class T>
inline constexpr bool handle_is_zero_made = false;
template <class T>
inline constexpr bool handle_is_zero_made<ptr<T>> = true;
template <class T>
inline constexpr bool handle_is_zero_made<atomic_ptr<T>> = true;
template <class T>
inline constexpr bool handle_is_zero_made<weak<T>> = true;

// Zeroed storage for one T.
template <class T>
[[gnu::always_inline]] inline void* allocate_one() {
  check_alignment<T>();
  return allocate_fixed<sizeof(T), alignof(T), kind_of<T>>(layout_for<T, false>());
}
// It has been constructed: from now on it has an end.
template <class T>
[[gnu::always_inline]] inline void constructed_one(T* object) noexcept {
  if constexpr (kind_of<T> == object_kind::destructible) {
    write_end(object, object_extent(sizeof(T), alignof(T), object_kind::destructible), 1,
              layout_for<T, false>());
  }
}

// Beyond this no memory has room, and below it nothing that is added overflows.
inline constexpr std::size_t kMostObjectBytes = std::size_t{1} << 62;
template <class T>
inline constexpr std::size_t most_elements = kMostObjectBytes / sizeof(T);

// Zeroed storage for `n` T, at most most_elements; not null, not even for 0. Of types that need a
// destructor nothing is destroyed until constructed_array has said how many there are. The first
// `filled`, of a type without pointers, may be left as they are: the caller fills them at once.
template <class T>
T* allocate_array(std::size_t n, std::size_t filled = 0) {
  check_alignment<T>();
  return static_cast<T*>(allocate_object(n * sizeof(T), alignof(T), kind_of<T>,
                                         layout_for<T, true>(), filled * sizeof(T)));
}
// The first `count` of the `n` elements that `first` was allocated for have been constructed: when
// the array dies they are destroyed. May be called again. Nothing for types without destructors.
template <class T>
void constructed_array(T* first, std::size_t n, std::size_t count) noexcept {
  if constexpr (kind_of<T> == object_kind::destructible) {
    write_end(first, object_extent(n * sizeof(T), alignof(T), object_kind::destructible), count,
              layout_for<T, true>());
  }
}

// Whether a value-initialised T in fresh storage is made by leaving it as it is.
template <class T>
consteval bool is_zero_made() {
  if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T> || std::is_pointer_v<T>) {
    return true;
  } else if constexpr (std::is_array_v<T>) {
    return is_zero_made<element_of<T>>();
  } else if constexpr (std::is_trivially_default_constructible_v<T> && has_known_fields<T>) {
    return []<bool A, class... F>(field_list<A, F...>) {
      return (is_zero_made<std::remove_cv_t<F>>() && ...);
    }
    (fields_of<T>());
  } else {
    return handle_is_zero_made<T>;
  }
}

// Whether a part of T that no constructor writes may have a zero that is not all zero bits: a
// pointer to a member, here or in what is not known.
template <class T>
consteval bool may_have_other_zeros() {
  if constexpr (is_zero_made<T>() || std::is_null_pointer_v<T>) {
    return false;
  } else if constexpr (std::is_array_v<T>) {
    return may_have_other_zeros<element_of<T>>();
  } else if constexpr (has_known_fields<T>) {
    return []<bool A, class... F>(field_list<A, F...>) {
      return (may_have_other_zeros<std::remove_cv_t<F>>() || ...);
    }
    (fields_of<T>());
  } else {
    return true;
  }
}

// `n` value-initialised T, at most most_elements, which are destroyed when the array dies. What a
// constructor throws is passed on, and what was constructed before is not destroyed.
template <class T>
T* make_array(std::size_t n) {
  T* const first = allocate_array<T>(n);
  if constexpr (!is_zero_made<T>()) {
    for (std::size_t i = 0; i < n; ++i) ::new (static_cast<void*>(first + i)) T();
  }
  constructed_array(first, n, n);
  return first;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored \
    "-Wmissing-field-initializers"  // as in Node{left, right}, on purpose
template <class T, class... Args>
[[gnu::always_inline]] inline T* construct(void* storage, Args&&... args) {
  if constexpr (sizeof...(Args) == 0 && is_zero_made<T>()) {
    return static_cast<T*>(storage);  // its lifetime began with the storage, or need not
  } else if constexpr (sizeof...(Args) == 0 && std::is_default_constructible_v<T> &&
                       !may_have_other_zeros<T>()) {
    // Without (), which would write the zeros once more. That members without initialisers keep
    // them is nothing a compiler knows: for it, the constructor is followed by what makes it so.
    T* const made = ::new (storage) T;
    asm("" : "+m"(*made));
    return made;
  } else if constexpr (std::is_constructible_v<T, Args...>) {
    return ::new (storage) T(std::forward<Args>(args)...);
  } else {
    return ::new (storage) T{std::forward<Args>(args)...};
  }
}
#pragma GCC diagnostic pop

}  // namespace detail

// A new object on the collected heap: zeroed storage, then T(args...), or T{args...} for a class
// without constructors. It lives for as long as it can be reached from the stacks of goroutines and
// attached threads, by plain pointers, also to its inside; and from ptr and the other handles
// wherever they are. Never null.
//
// If T has a destructor that does something (layout.hpp), it is run once, on a goroutine of the
// runtime, some time after the object became unreachable, or never if the process ends before; what
// the object refers to is still there at that time. Nobody may delete the object.
//
// Any goroutine or thread. What the constructor throws is passed on: then the storage is garbage,
// and no destructor runs. When no memory is left the process ends with `fatal error: out of
// memory`. Go's new, and &T{...}.
template <class T, class... Args>
[[nodiscard]] inline T* new_(Args&&... args) {
  static_assert(!std::is_array_v<T>, "new_<T[n]>: make a slice, or a std::array");
  static_assert(!std::is_reference_v<T> && !std::is_void_v<T> && !std::is_function_v<T>,
                "new_<T>: T must be an object type");
  static_assert(!std::is_abstract_v<T>, "new_<T>: T is abstract: make one of its derived classes");
  static_assert(std::is_destructible_v<T>, "new_<T>: T has no destructor that gort may call");
  static_assert(sizeof(T) <= detail::kMostObjectBytes, "new_<T>: T is too large");
  using object = std::remove_cv_t<T>;
  static_assert(
      requires { object(std::declval<Args>()...); } ||
          requires { object{std::declval<Args>()...}; },
      "new_<T>(args...): T cannot be constructed from these arguments");
  T* const made =
      detail::construct<object>(detail::allocate_one<object>(), std::forward<Args>(args)...);
  detail::constructed_one<object>(const_cast<object*>(made));
  return made;
}

// What `pointer` points into is reachable up to here: its destructor and cleanups have not begun.
// Optimisers may else forget a local pointer after its last use. Any thread. Go's
// runtime.KeepAlive.
template <class T>
[[gnu::always_inline]] inline void keep_alive(T* pointer) noexcept {
  asm volatile("" : : "r"(pointer) : "memory");
}
template <class T>
[[gnu::always_inline]] inline void keep_alive(const ptr<T>& pointer) noexcept {
  asm volatile("" : : "r"(pointer.get()) : "memory");
}

// A cleanup that was added. Copies stand for the same one. Go's runtime.Cleanup.
class cleanup {
 public:
  cleanup() = default;
  // The function will not be called, unless it was about to be: then false. Any thread; not in the
  // destructor of a collected object while that holds a lock which this one needs.
  bool stop() const noexcept { return number_ != 0 && detail::stop_cleanup(number_); }

 private:
  template <class T, class F, class Arg>
  friend cleanup add_cleanup(T*, F&&, Arg&&);
  explicit cleanup(std::uint64_t number) : number_(number) {}

  std::uint64_t number_ = 0;
};

namespace detail {
template <class F, class Arg>
struct cleanup_record {
  F f;
  Arg arg;
  static void run(void* record) {
    auto* const self = static_cast<cleanup_record*>(record);
    if constexpr (std::is_invocable_v<F, Arg>) {
      std::invoke(std::move(self->f), std::move(self->arg));
    } else {
      std::invoke(std::move(self->f), self->arg);
    }
  }
};
}  // namespace detail

// Calls f(arg) once, on a goroutine of the runtime, some time after the object that `pointer`
// points into was found unreachable; not if the process ends before. `f` and `arg` are kept until
// then, and what they refer to with them: so nothing of that may refer to the object, which would
// never die. An object may have several cleanups. One without pointers and smaller than 16 bytes
// may share its memory with others like it, and then dies with them. A cleanup should be short, and
// start a goroutine for more: all share one.
//
// Any thread. Throws runtime_error if `pointer` is not to a collected object, or if `arg` is equal
// to it. What f throws is an exception that leaves a goroutine. Go's runtime.AddCleanup.
template <class T, class F, class Arg>
cleanup add_cleanup(T* pointer, F&& f, Arg&& arg) {
  using function = std::decay_t<F>;
  using argument = std::decay_t<Arg>;
  static_assert(std::is_invocable_v<function, argument> || std::is_invocable_v<function, argument&>,
                "add_cleanup: f(arg) cannot be called");
  if constexpr (requires { static_cast<const volatile void*>(arg); }) {
    if (static_cast<const volatile void*>(arg) == static_cast<const volatile void*>(pointer)) {
      detail::throw_runtime_error(
          "runtime.AddCleanup: ptr is equal to arg, cleanup will never run");
    }
  }
  using record = detail::cleanup_record<function, argument>;
  record* const made = new_<record>(std::forward<F>(f), std::forward<Arg>(arg));
  return cleanup(detail::add_cleanup(detail::erase_type(pointer), made, &record::run));
}
template <class T, class F, class Arg>
cleanup add_cleanup(const ptr<T>& pointer, F&& f, Arg&& arg) {
  return add_cleanup(pointer.get(), std::forward<F>(f), std::forward<Arg>(arg));
}

}  // namespace gort

// Which is made of the above.
#include "gort/allocator.hpp"
