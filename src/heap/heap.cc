// Bodies from the C++ allocator. See heap.h.
//
// Bodies are aligned to a cache line at least. malloc's own aligned form bypasses its per-thread
// cache and is several times slower than malloc, which shows where a program makes timers or
// channels by the million. So the alignment is made here: a body is preceded by the address that
// malloc returned.
//
// Any thread, outside the runtime's sections.
#include "heap/heap.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "base/assert.h"
#include "gort/detail/handle.hpp"

namespace gort::heap {

void* allocate(std::size_t bytes, std::size_t align) {
  align = std::max(align, alignof(std::max_align_t));
  std::size_t total;
  void* block = nullptr;
  if (!__builtin_add_overflow(bytes, align, &total)) block = std::malloc(total);
  if (block == nullptr) [[unlikely]]
    base::fatal(base::FatalScope::current, "out of memory");
  // malloc aligns to max_align_t, which leaves room for an address in front of the next boundary.
  const std::uintptr_t address = (reinterpret_cast<std::uintptr_t>(block) + align) & -align;
  void** body = reinterpret_cast<void**>(address);
  body[-1] = block;
  return body;
}

void release(void* body) noexcept { std::free(static_cast<void**>(body)[-1]); }

}  // namespace gort::heap

namespace gort::detail {

void* allocate_body(std::size_t bytes, std::size_t align) { return heap::allocate(bytes, align); }
void free_body(void* body) noexcept { heap::release(body); }

}  // namespace gort::detail
