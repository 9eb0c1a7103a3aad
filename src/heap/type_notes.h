// What type each object has: a table beside the heap, in checked builds (GORT_CHECKED).
//
// Only labelled objects tell (gort/detail/heap_core.hpp); small ones and those without pointers do
// not, and a report of a mistake should name them too. One pointer for each sixteen bytes of heap,
// written at every allocation: the text in which the type's name is (detail::type_signature), null
// when the caller does not know it. Tiny objects that share a slot have the last one's.
// Any thread; plain stores, read with the world stopped. Not here: reading the name (gc/path.cc).
#pragma once

#include <cstdint>

namespace gort::heap {

#ifdef GORT_CHECKED
void boot_type_notes();  // once the arena exists, before the first object
// The note of the object that begins at `object`.
const char* noted_type(std::uintptr_t object);
#else
inline void boot_type_notes() {}
inline const char* noted_type(std::uintptr_t) { return nullptr; }
#endif

}  // namespace gort::heap
