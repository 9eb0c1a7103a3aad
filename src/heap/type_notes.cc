// The table of types. See type_notes.h.
//
// Of the arena's reservation half as much again, of which only what belongs to used slots becomes
// memory.
#include "heap/type_notes.h"

#ifdef GORT_CHECKED

#include <atomic>

#include "gort/detail/heap_core.hpp"
#include "heap/arena.h"

namespace gort {
namespace {

const char** notes = nullptr;  // since the arena exists

std::atomic_ref<const char*> note_of(std::uintptr_t object) {
  const std::uintptr_t offset = object - detail::collected_region.base;
  return std::atomic_ref<const char*>(notes[offset / detail::kSlotAlign]);
}

}  // namespace

void heap::boot_type_notes(void* table) { notes = static_cast<const char**>(table); }

void detail::note_type(const void* object, const char* signature) noexcept {
  note_of(reinterpret_cast<std::uintptr_t>(object)).store(signature, std::memory_order_relaxed);
}

const char* heap::noted_type(std::uintptr_t object) {
  return note_of(object).load(std::memory_order_relaxed);
}

}  // namespace gort

#endif
