// What type each object has: a table beside the heap, in checked builds (GORT_CHECKED).
//
// Only labelled objects tell (gort/detail/heap_core.hpp); small ones and those without pointers do
// not, and a report of a mistake should name them too. One pointer for each sixteen bytes of heap,
// written at every allocation: the text in which the type's name is (detail::type_signature), null
// when the caller does not know it. Tiny objects that share a slot have the last one's.
// Any thread; plain stores, read with the world stopped. Not here: reading the name (gc/path.cc).
#pragma once

#include <cstddef>
#include <cstdint>

#include "heap/size_class.h"

namespace gort::heap {

// How long the table for so many pages is.
constexpr std::size_t type_notes_bytes([[maybe_unused]] std::size_t pages) {
#ifdef GORT_CHECKED
  return (pages << kPageShift) / detail::kSlotAlign * sizeof(const char*);
#else
  return 0;
#endif
}

#ifdef GORT_CHECKED
void boot_type_notes(void* table);  // before the first object
// The note of the object that begins at `object`.
const char* noted_type(std::uintptr_t object);
#else
inline void boot_type_notes(void*) {}
inline const char* noted_type(std::uintptr_t) { return nullptr; }
#endif

}  // namespace gort::heap
