// Bodies from the C++ allocator. See heap.h.
//
// What needs no more alignment than malloc gives comes from malloc, which is several times faster than its aligned form; the body of
// a channel wants a cache line of its own and pays for it. Both are returned by free.
// Any thread, outside the runtime's sections.
#include "heap/heap.h"

#include <cstdlib>

#include "base/assert.h"
#include "gort/detail/handle.hpp"

namespace gort::heap {

void* allocate(std::size_t bytes, std::size_t align) {
  void* body = nullptr;
  if (align <= alignof(std::max_align_t)) {
    body = std::malloc(bytes);
  } else if (::posix_memalign(&body, align, bytes) != 0) {
    body = nullptr;
  }
  if (body == nullptr) [[unlikely]] base::fatal(base::FatalScope::current, "out of memory");
  return body;
}

void release(void* body) noexcept { std::free(body); }

}  // namespace gort::heap

namespace gort::detail {

void* allocate_body(std::size_t bytes, std::size_t align) { return heap::allocate(bytes, align); }
void free_body(void* body) noexcept { heap::release(body); }

}  // namespace gort::detail
