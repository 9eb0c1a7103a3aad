// ptr, atomic_ptr and weak: references to collected objects, for wherever an ordinary pointer will
// not do.
//
// On the stack of a goroutine or an attached thread a collected object is held by a T*. Anywhere
// else, in a field, a global or thread-local variable, an element of a container, a captured value,
// it is held by a ptr<T>, whose stores the collector gets to know of while it marks
// (detail/barrier.hpp). One that lies outside the collected heap and the stacks registers itself
// for as long as it exists: about as dear as a small allocation, where others cost what a pointer
// does.
//
// Threads: a ptr is a variable like a pointer, to be read by many or written by one at a time; an
// atomic_ptr may be used by all at once. All may be used in goroutines, in attached threads, before
// main and after it.
// Not here: making objects (heap.hpp), slices, maps and strings (headers of their own).
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <type_traits>

#include "gort/detail/barrier.hpp"
#include "gort/detail/boot_anchor.hpp"
#include "gort/detail/special_core.hpp"
#include "gort/detail/sync_core.hpp"
#include "gort/layout.hpp"

namespace gort {

template <class T>
class atomic_ptr;

namespace detail {
template <class T>
[[gnu::always_inline]] inline void* erase_type(T* pointer) noexcept {
  return const_cast<void*>(static_cast<const volatile void*>(pointer));
}
}  // namespace detail

// A pointer to a collected object, to a part of one, one past its end, to anything else, or null:
// *p or p[i] of null ends the goroutine as in C++ and Go. What is one past the end of an object may
// be the beginning of the next: a ptr to there keeps that, if anything; a T* on a stack keeps both.
// Converts from and to T*, which is what comparisons, p[i], p + i, `if (p)` and output go by. T may
// be incomplete, const or void. Moving copies. It may not be overwritten by memcpy, memset or
// realloc, as a std::string may not. An array of objects is held by a ptr to its first; nothing is
// to be deleted. Go's *T.
template <class T>
class ptr {
  static_assert(!std::is_array_v<T>,
                "ptr<T[]>: hold an array by a ptr to its first element, "
                "or by a slice");
  static_assert(!std::is_reference_v<T> && !std::is_function_v<T>,
                "ptr<T>: T must be an object type or void");

 public:
  using element_type = T;

  [[gnu::always_inline]] ptr() noexcept {}
  [[gnu::always_inline]] ptr(T* pointer) noexcept : reference_(detail::erase_type(pointer)) {}
  template <class U>
  requires(std::is_convertible_v<U*, T*> && !std::is_same_v<U, T>)
      [[gnu::always_inline]] ptr(const ptr<U>& other) noexcept
      : ptr(static_cast<T*>(other.get())) {}
  template <class U>
  requires std::is_convertible_v<U*, T*> ptr(const atomic_ptr<U>& other)
  noexcept : ptr(static_cast<T*>(other.load())) {}
  ptr(const ptr&) noexcept = default;
  ptr& operator=(const ptr&) = default;  // never throws; see detail::reference
  ptr& operator=(ptr&&) noexcept = default;
  ~ptr() = default;

  [[gnu::always_inline]] ptr& operator=(T* pointer) noexcept {
    reference_.set(detail::erase_type(pointer));
    return *this;
  }
  template <class U>
  requires(std::is_convertible_v<U*, T*> && !std::is_same_v<U, T>) [[gnu::always_inline]] ptr&
  operator=(const ptr<U>& other) noexcept {
    return *this = static_cast<T*>(other.get());
  }
  template <class U>
  requires std::is_convertible_v<U*, T*> ptr& operator=(const atomic_ptr<U>& other) noexcept {
    return *this = static_cast<T*>(other.load());
  }

  [[gnu::always_inline]] T* get() const noexcept { return static_cast<T*>(reference_.get()); }
  [[gnu::always_inline]] operator T*() const noexcept { return get(); }
  [[gnu::always_inline]] T* operator->() const noexcept { return get(); }
  [[gnu::always_inline]] std::add_lvalue_reference_t<T> operator*() const noexcept
      requires(!std::is_void_v<T>) {
    return *get();
  }

  void swap(ptr& other) noexcept {
    detail::be_attached();
    T* const mine = get();
    *this = other.get();
    other = mine;
  }
  friend void swap(ptr& a, ptr& b) noexcept { a.swap(b); }

 private:
  constexpr explicit ptr(detail::literal_tag tag) noexcept : reference_(tag) {}

  detail::reference reference_;
};

template <class T>
ptr(T*) -> ptr<T>;

// A ptr that any number of threads may use at once; has std::atomic<T*>'s operations. Orders weaker
// than the default are accepted, and may be made stronger. While the collector marks, each write is
// a call; otherwise one instruction, but for arithmetic, which tries until nobody came between.
// Go's atomic.Pointer.
template <class T>
class atomic_ptr {
  static_assert(!std::is_array_v<T> && !std::is_reference_v<T> && !std::is_function_v<T>,
                "atomic_ptr<T>: T must be an object type or void");

 public:
  using value_type = T*;
  using difference_type = std::ptrdiff_t;
  static constexpr bool is_always_lock_free = true;

  atomic_ptr() noexcept {}
  atomic_ptr(T* pointer) noexcept : reference_(detail::erase_type(pointer)) {}
  atomic_ptr(const atomic_ptr&) = delete;
  atomic_ptr& operator=(const atomic_ptr&) = delete;

  bool is_lock_free() const noexcept { return true; }
  T* load(std::memory_order order = std::memory_order_seq_cst) const noexcept {
    detail::be_attached();  // or nothing would keep what is loaded, on a thread that is not known
    return static_cast<T*>(std::atomic_ref<void*>(*slot()).load(order));
  }
  operator T*() const noexcept { return load(); }

  void store(T* desired, std::memory_order order = std::memory_order_seq_cst) noexcept {
#if defined(GORT_BARRIER_INLINE)
    if (order != std::memory_order_seq_cst) {
      detail::be_attached();
      if (order != std::memory_order_relaxed) std::atomic_thread_fence(std::memory_order_release);
      detail::store_reference(slot(), detail::erase_type(desired));
      return;
    }
#else
    static_cast<void>(order);
#endif
    exchange(desired);
  }
  T* operator=(T* desired) noexcept {
    store(desired);
    return desired;
  }

  T* exchange(T* desired, std::memory_order = std::memory_order_seq_cst) noexcept {
    detail::be_attached();
    return static_cast<T*>(detail::exchange_reference(slot(), detail::erase_type(desired)));
  }
  // If it holds `expected`, makes it `desired` and returns true; else puts what it holds in
  // `expected`. The weak form does not fail spuriously either.
  bool compare_exchange_strong(T*& expected, T* desired,
                               std::memory_order = std::memory_order_seq_cst) noexcept {
    detail::be_attached();
    void* found = detail::erase_type(expected);
    if (detail::compare_exchange_reference(slot(), found, detail::erase_type(desired))) return true;
    expected = static_cast<T*>(found);
    return false;
  }
  bool compare_exchange_strong(T*& expected, T* desired, std::memory_order,
                               std::memory_order) noexcept {
    return compare_exchange_strong(expected, desired);
  }
  bool compare_exchange_weak(T*& expected, T* desired,
                             std::memory_order = std::memory_order_seq_cst) noexcept {
    return compare_exchange_strong(expected, desired);
  }
  bool compare_exchange_weak(T*& expected, T* desired, std::memory_order,
                             std::memory_order) noexcept {
    return compare_exchange_strong(expected, desired);
  }
  // `expected` in a ptr, which cannot be bound to a T*&.
  bool compare_exchange_strong(ptr<T>& expected, T* desired,
                               std::memory_order = std::memory_order_seq_cst) noexcept {
    T* found = expected;
    const bool exchanged = compare_exchange_strong(found, desired);
    if (!exchanged) expected = found;
    return exchanged;
  }
  bool compare_exchange_strong(ptr<T>& expected, T* desired, std::memory_order,
                               std::memory_order) noexcept {
    return compare_exchange_strong(expected, desired);
  }
  bool compare_exchange_weak(ptr<T>& expected, T* desired,
                             std::memory_order = std::memory_order_seq_cst) noexcept {
    return compare_exchange_strong(expected, desired);
  }
  bool compare_exchange_weak(ptr<T>& expected, T* desired, std::memory_order,
                             std::memory_order) noexcept {
    return compare_exchange_strong(expected, desired);
  }

  // Until it holds something else than `old`: looks again when notified, and only then. Parks a
  // goroutine, blocks another thread. A pointer that came and went again may be missed.
  void wait(T* old, std::memory_order = std::memory_order_seq_cst) const {
    detail::wait_reference(slot(), detail::erase_type(old));
  }
  // Wakes those who wait: the one that has waited longest, or all.
  void notify_one() { detail::notify_reference(slot(), false); }
  void notify_all() { detail::notify_reference(slot(), true); }

  // Returns what it held before.
  T* fetch_add(difference_type n, std::memory_order = std::memory_order_seq_cst) noexcept requires
      std::is_object_v<T> {
    T* before = load(std::memory_order_relaxed);
    while (!compare_exchange_weak(before, before + n)) {
    }
    return before;
  }
  T* fetch_sub(difference_type n, std::memory_order = std::memory_order_seq_cst) noexcept requires
      std::is_object_v<T> {
    return fetch_add(-n);
  }
  T* operator+=(difference_type n) noexcept requires std::is_object_v<T> {
    return fetch_add(n) + n;
  }
  T* operator-=(difference_type n) noexcept requires std::is_object_v<T> {
    return fetch_add(-n) - n;
  }
  T* operator++() noexcept requires std::is_object_v<T> { return *this += 1; }
  T* operator--() noexcept requires std::is_object_v<T> { return *this -= 1; }
  T* operator++(int) noexcept requires std::is_object_v<T> { return fetch_add(1); }
  T* operator--(int) noexcept requires std::is_object_v<T> { return fetch_add(-1); }

 private:
  constexpr explicit atomic_ptr(detail::literal_tag tag) noexcept : reference_(tag) {}
  void** slot() const noexcept { return const_cast<detail::reference&>(reference_).slot(); }

  detail::reference reference_;
};

// A reference that does not keep its object alive: lock() gives it as long as something else does,
// and null from the collection on that found nothing else, which is before its destructor and its
// cleanups run. Two of them are equal if they were made from equal pointers, even when the object
// is gone; to a part of an object is not equal to the object. Copies like a ptr, lives wherever a
// ptr may. Go's weak.Pointer.
template <class T>
class weak {
  GORT_LAYOUT(weak, cell_);
  static_assert(!std::is_array_v<T> && !std::is_reference_v<T> && !std::is_function_v<T>,
                "weak<T>: T must be an object type or void");

 public:
  using element_type = T;

  weak() noexcept {}
  weak(std::nullptr_t) noexcept {}
  // Allocates if the object had none yet. Throws runtime_error if `pointer` is neither null nor to
  // a collected object.
  weak(T* pointer) : cell_(detail::weak_cell_of(detail::erase_type(pointer), offset_)) {}
  template <class U>
  requires std::is_convertible_v<U*, T*> weak(const ptr<U>& pointer)
      : weak(static_cast<T*>(pointer.get())) {}
  // Null if the object is gone.
  template <class U>
  requires(std::is_convertible_v<U*, T*> && !std::is_same_v<U, T>) weak(const weak<U>& other)
      : weak(static_cast<T*>(other.lock())) {}

  template <class U>
  requires std::is_convertible_v<U*, T*> weak& operator=(U* pointer) {
    return *this = weak(static_cast<T*>(pointer));
  }
  template <class U>
  requires std::is_convertible_v<U*, T*> weak& operator=(const ptr<U>& pointer) {
    return *this = weak(pointer);
  }
  weak& operator=(std::nullptr_t) noexcept { return *this = weak(); }

  // The object, which is kept alive by what the caller does with the result, or null. Any thread;
  // two threads that use one weak while a third assigns to it need a lock, as with any variable.
  T* lock() const noexcept {
    void* const cell = cell_.get();
    if (cell == nullptr) return nullptr;
    void* const object = detail::weak_lock(cell);
    return object != nullptr
               ? static_cast<T*>(static_cast<void*>(static_cast<char*>(object) + offset_))
               : nullptr;
  }

  friend bool operator==(const weak& a, const weak& b) noexcept {
    return a.cell_.get() == b.cell_.get() && a.offset_ == b.offset_;
  }

 private:
  friend struct std::hash<weak>;
  constexpr explicit weak(detail::literal_tag tag) noexcept : cell_(tag) {}

  std::size_t offset_ = 0;
  detail::reference cell_;
};

template <class T>
weak(T*) -> weak<T>;
template <class T>
weak(ptr<T>) -> weak<T>;

template <class T>
struct object_traits<ptr<T>> {
  static constexpr bool needs_destructor = false;
};
template <class T>
struct object_traits<atomic_ptr<T>> {
  static constexpr bool needs_destructor = false;
};
template <class T>
struct object_traits<weak<T>> {
  static constexpr bool needs_destructor = false;
};

// Converts between pointers as the casts of the language do.
template <class T, class U>
ptr<T> static_pointer_cast(const ptr<U>& from) noexcept {
  return static_cast<T*>(from.get());
}
template <class T, class U>
ptr<T> dynamic_pointer_cast(const ptr<U>& from) noexcept {
  return dynamic_cast<T*>(from.get());
}
template <class T, class U>
ptr<T> const_pointer_cast(const ptr<U>& from) noexcept {
  return const_cast<T*>(from.get());
}

}  // namespace gort

template <class T>
struct std::hash<gort::ptr<T>> {
  std::size_t operator()(const gort::ptr<T>& pointer) const noexcept {
    return std::hash<T*>()(pointer.get());
  }
};
// What algorithms compare by: each converts to the other, so they must be told.
template <class T, class U>
requires requires { typename std::common_type_t<T*, U*>; }
struct std::common_type<gort::ptr<T>, U*> : std::common_type<T*, U*> {};
template <class T, class U>
requires requires { typename std::common_type_t<T*, U*>; }
struct std::common_type<U*, gort::ptr<T>> : std::common_type<T*, U*> {};
template <class T>
struct std::hash<gort::weak<T>> {
  std::size_t operator()(const gort::weak<T>& reference) const noexcept {
    return std::hash<void*>()(reference.cell_.get()) + reference.offset_;
  }
};
