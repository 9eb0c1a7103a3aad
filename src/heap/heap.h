// The door of the heap: memory for what user's variables hold by handle.
//
// Until objects are found by tracing they are counted (gort/detail/handle.hpp), and memory comes
// from the C++ allocator. This is the seam: who asks for a body here knows nothing else about the
// heap. Any thread. Not here: what a body contains (sync/chan.h for a channel).
#pragma once

#include <cstddef>

namespace gort::heap {

// Memory for a body. Never null: when there is none left the process ends with `fatal error: out of
// memory`. `align` is a power of two.
void* allocate(std::size_t bytes, std::size_t align);
void release(void* body) noexcept;

}  // namespace gort::heap
