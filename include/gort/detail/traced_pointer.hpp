// The pointer by which a std container in allocator's memory holds that memory: a ptr that is also
// a random access iterator.
//
// A container object may lie anywhere, and what it holds is collected memory: so its begin and end
// are references, with barrier and registration, as the language allows an allocator to say. It
// does not turn into a T* by itself: a container that would keep one is not compiled.
//
// Threads: as ptr. Internal to gort's headers. Not here: the memory (allocator.hpp).
#pragma once

#include <compare>
#include <cstddef>
#include <iterator>
#include <memory>
#include <type_traits>

#include "gort/detail/barrier.hpp"
#include "gort/layout.hpp"

namespace gort::detail {

template <class T>
class traced_pointer {
  using pointee = std::conditional_t<std::is_void_v<T>, char, T>;

 public:
  using element_type = T;
  using value_type = std::remove_cv_t<T>;
  using difference_type = std::ptrdiff_t;
  using pointer = traced_pointer;
  using reference = std::add_lvalue_reference_t<T>;
  using iterator_category = std::random_access_iterator_tag;
  using iterator_concept = std::contiguous_iterator_tag;

  [[gnu::always_inline]] traced_pointer() noexcept {}
  [[gnu::always_inline]] traced_pointer(std::nullptr_t) noexcept {}
  [[gnu::always_inline]] explicit traced_pointer(T* address) noexcept : word_(erase(address)) {}
  template <class U>
  requires(std::is_convertible_v<U*, T*> && !std::is_same_v<U, T>)
      traced_pointer(const traced_pointer<U>& other)
  noexcept : word_(erase(static_cast<T*>(other.get()))) {}
  // void may become anything, if asked.
  template <class U>
  requires(std::is_void_v<U> &&
           !std::is_void_v<T>) explicit traced_pointer(const traced_pointer<U>& other) noexcept
      : word_(erase(static_cast<T*>(other.get()))) {}
  traced_pointer(const traced_pointer&) noexcept = default;
  traced_pointer& operator=(const traced_pointer&) = default;
  traced_pointer& operator=(traced_pointer&&) noexcept = default;
  ~traced_pointer() = default;

  template <class U = pointee>
  static traced_pointer pointer_to(U& object) noexcept {
    return traced_pointer(std::addressof(object));
  }

  [[gnu::always_inline]] T* get() const noexcept { return static_cast<T*>(word_.get()); }
  [[gnu::always_inline]] T* operator->() const noexcept { return get(); }
  [[gnu::always_inline]] reference operator*() const noexcept requires(!std::is_void_v<T>) {
    return *get();
  }
  template <class U = T>
  requires(!std::is_void_v<U>) [[gnu::always_inline]] U& operator[](
      difference_type n) const noexcept {
    return get()[n];
  }
  explicit operator bool() const noexcept { return get() != nullptr; }

  [[gnu::always_inline]] traced_pointer& operator+=(difference_type n) noexcept {
    word_.set(erase(get() + n));
    return *this;
  }
  [[gnu::always_inline]] traced_pointer& operator-=(difference_type n) noexcept {
    return *this += -n;
  }
  [[gnu::always_inline]] traced_pointer& operator++() noexcept { return *this += 1; }
  [[gnu::always_inline]] traced_pointer& operator--() noexcept { return *this -= 1; }
  traced_pointer operator++(int) noexcept {
    T* const before = get();
    ++*this;
    return traced_pointer(before);
  }
  traced_pointer operator--(int) noexcept {
    T* const before = get();
    --*this;
    return traced_pointer(before);
  }
  friend traced_pointer operator+(const traced_pointer& p, difference_type n) noexcept {
    return traced_pointer(p.get() + n);
  }
  friend traced_pointer operator+(difference_type n, const traced_pointer& p) noexcept {
    return p + n;
  }
  friend traced_pointer operator-(const traced_pointer& p, difference_type n) noexcept {
    return traced_pointer(p.get() - n);
  }
  template <class U>
  friend difference_type operator-(const traced_pointer& a, const traced_pointer<U>& b) noexcept {
    return a.get() - b.get();
  }

  template <class U>
  friend bool operator==(const traced_pointer& a, const traced_pointer<U>& b) noexcept {
    return a.get() == b.get();
  }
  friend bool operator==(const traced_pointer& a, std::nullptr_t) noexcept {
    return a.get() == nullptr;
  }
  template <class U>
  friend std::strong_ordering operator<=>(const traced_pointer& a,
                                          const traced_pointer<U>& b) noexcept {
    return std::compare_three_way()(static_cast<const volatile void*>(a.get()),
                                    static_cast<const volatile void*>(b.get()));
  }

 private:
  constexpr explicit traced_pointer(detail::literal_tag tag) noexcept : word_(tag) {}
  static void* erase(T* address) noexcept {
    return const_cast<void*>(static_cast<const volatile void*>(address));
  }

  detail::reference word_;
};

}  // namespace gort::detail

template <class T>
struct gort::object_traits<gort::detail::traced_pointer<T>> {
  static constexpr bool needs_destructor = false;
};
