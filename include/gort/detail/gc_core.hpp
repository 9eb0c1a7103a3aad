// What memory.hpp calls of the collector. For gort's headers, not for users.
//
// Any thread, outside the runtime's sections. Not here: the barrier (barrier.hpp), weak references
// and cleanups (special_core.hpp).
#pragma once

#include <cstdint>

namespace gort::detail {

void gc();
int set_gc_percent(int percent);
std::int64_t set_memory_limit(std::int64_t bytes);
void free_os_memory();

}  // namespace gort::detail
