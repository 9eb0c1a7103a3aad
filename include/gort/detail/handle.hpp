// Bodies: memory of the runtime's own in which the collector finds references, raw pointers too;
// and the counted handle to one.
//
// A body is not collected: it has an owner, or several. One that begins with `counted` is held by
// handles, a pointer each, and who drops the last one destroys it. That is for what must end at
// once and in order: contexts, timers' functions, what goroutines share of a function.
//
// Copying costs one atomic addition, using the body through a handle nothing. One variable may not
// be assigned while another thread uses it (as with std::shared_ptr); any number of handles of one
// body may be used at once.
// [H1] `counted` stands at the beginning of every body, so a pointer to an incomplete body type can
//      be counted.
// Not here: where the memory comes from (src/runtime/bodies.cc).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

namespace gort::detail {

struct counted {
  // Called by whoever drops the last handle, outside the runtime's sections; must end the body and
  // its memory.
  using destroy_function = void (*)(counted* body) noexcept;

  std::atomic<std::uint32_t> references{1};
  // Others may take a reference from outside, while there is but one or even none: then the count
  // must be true, and every handle counts itself off.
  bool taken_from_outside = false;
  destroy_function destroy = nullptr;
};

// Memory for a body from the heap; ends the process ("out of memory") rather than return null.
// `align` is a power of two.
void* allocate_body(std::size_t bytes, std::size_t align);
void free_body(void* body) noexcept;

// A T with one owner in such memory, where the collector finds what it refers to, raw pointers too.
struct end_body {
  template <class T>
  void operator()(T* value) const noexcept {
    value->~T();
    free_body(value);
  }
};
template <class T>
using body_box = std::unique_ptr<T, end_body>;

template <class T, class... Args>
body_box<T> make_body_box(Args&&... args) {
  struct unfilled {
    void* memory;
    ~unfilled() {
      if (memory != nullptr) free_body(memory);
    }
  } block{allocate_body(sizeof(T), alignof(T))};
  T* const value = ::new (block.memory) T(std::forward<Args>(args)...);
  block.memory = nullptr;
  return body_box<T>(value);
}

// For what std:: has allocated in such memory.
template <class T>
struct body_allocator {
  using value_type = T;

  body_allocator() noexcept = default;
  template <class U>
  body_allocator(const body_allocator<U>&) noexcept {}

  T* allocate(std::size_t n) { return static_cast<T*>(allocate_body(n * sizeof(T), alignof(T))); }
  void deallocate(T* memory, std::size_t) noexcept { free_body(memory); }
  template <class U>
  friend bool operator==(const body_allocator&, const body_allocator<U>&) noexcept {
    return true;
  }
};

// Body may be an incomplete type; it begins with counted [H1].
template <class Body>
class handle {
 public:
  handle() = default;
  handle(const handle& other) noexcept : body_(other.body_) { acquire(); }
  handle(handle&& other) noexcept : body_(std::exchange(other.body_, nullptr)) {}
  handle& operator=(const handle& other) noexcept {
    handle(other).swap(*this);
    return *this;
  }
  handle& operator=(handle&& other) noexcept {
    handle(std::move(other)).swap(*this);
    return *this;
  }
  ~handle() {
    if (body_ != nullptr) release();
  }

  // Takes over a reference that the caller has, or adds one.
  static handle adopt(Body* body) noexcept {
    handle made;
    made.body_ = body;
    return made;
  }
  static handle share(Body* body) noexcept {
    handle made = adopt(body);
    made.acquire();
    return made;
  }

  Body* get() const noexcept { return body_; }
  void swap(handle& other) noexcept { std::swap(body_, other.body_); }

 private:
  counted* count() const noexcept { return reinterpret_cast<counted*>(body_); }
  void acquire() noexcept {
    if (body_ != nullptr) count()->references.fetch_add(1, std::memory_order_relaxed);
  }
  void release() noexcept {
    // Who holds the only handle need not count it off if nobody else can make another. Both acquire
    // and acq_rel pair with the latter in other handles: the last one sees what they did to the
    // body.
    counted* const body = count();
    if ((!body->taken_from_outside && body->references.load(std::memory_order_acquire) == 1) ||
        body->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      body->destroy(body);
    }
  }

  Body* body_ = nullptr;
};

}  // namespace gort::detail
