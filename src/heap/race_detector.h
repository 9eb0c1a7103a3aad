// Telling ThreadSanitizer that memory begins anew.
//
// The detector would compare the first access to a new object with the last ones to a dead object
// that lay there. Nothing orders those two that it could see: an object dies when nobody can reach
// it. So what it remembers of a run of slots, or a large object, is dropped before they are handed
// out, as malloc's interceptor does. The interface is the one made for Java's heap. Any thread;
// empty in builds without it. Not here: marks, which are atomic (span.cc).
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__SANITIZE_THREAD__)
extern "C" {
void __tsan_java_init(unsigned long heap_begin, unsigned long heap_size);
void __tsan_java_alloc(unsigned long block, unsigned long bytes);
void __tsan_java_free(unsigned long block, unsigned long bytes);
}
#endif

namespace gort::heap {

// Once, before the first announcement.
inline void announce_heap([[maybe_unused]] std::uintptr_t base,
                          [[maybe_unused]] std::size_t bytes) {
#if defined(__SANITIZE_THREAD__)
  __tsan_java_init(base, bytes);
#endif
}

inline void announce_new([[maybe_unused]] std::uintptr_t block,
                         [[maybe_unused]] std::size_t bytes) {
#if defined(__SANITIZE_THREAD__)
  __tsan_java_free(block, bytes);
  __tsan_java_alloc(block, bytes);
#endif
}

}  // namespace gort::heap
