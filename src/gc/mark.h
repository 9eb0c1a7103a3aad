// Marking: from an address to its object, from an object to what it points to.
//
// White becomes black when an object is found; that it was not yet looked into, grey, is to be in
// somebody's chunk (work.h). Several markers may find one object at once and all write the same
// byte and queue it: to look into it twice is harmless and rare, and a plain store is much cheaper
// than to be sure. Flags in the mark byte are written when nobody marks ([SP2] in special.h).
//
// Conservative: a word that points into a slot that is in use keeps the object.
// Runs inside a section, or on the halting thread. Not here: where the roots are (roots.cc).
#pragma once

#include <cstddef>
#include <cstdint>

#include "gc/work.h"
#include "heap/object.h"

namespace gort::collector {

inline bool is_white(std::uint8_t* at) {
  const std::uint8_t mark = std::atomic_ref<std::uint8_t>(*at).load(std::memory_order_relaxed);
  return (mark & heap::kColourMask) == heap::other_colour(heap::allocation_colour());
}
inline bool is_white(const heap::Found& found) { return is_white(found.mark); }
// Whether the address is one of an object that is white.
[[gnu::always_inline]] inline bool is_white_object(std::uintptr_t address) {
  heap::Place place;
  return heap::find_place(address, place) && is_white(place.mark);
}

// Marks the object that `address` points into, if there is one and it is white.
void shade(LocalWork& work, std::uintptr_t address);
// The same for each aligned word of memory that may hold anything: stacks, registers. Also objects
// that a word points just behind.
//
// Memory that is given back by hand is looked through at some time, and who runs may change it
// before, as a large function does with what it has. So a stack is shaded with the `bodies` that it
// refers to; each of those about once, and but for those of more than kMostBody: a stack may have
// very many words that lead into one, nobody runs meanwhile, and the walk comes by all of them
// anyway (roots.cc). What has that size is a container's array or text, not a function; handles in
// it are shown when they are overwritten, as everywhere, and the whole when it is given back.
inline constexpr std::size_t kMostBody = std::size_t{32} << 10;
void shade_range(LocalWork& work, const void* low, const void* high, bool bodies = false);

// Looks into grey objects, this thread's and shared ones, until about `budget` bytes were scanned
// or there are none left. Returns the bytes scanned.
std::uint64_t drain(LocalWork& work, std::uint64_t budget);

}  // namespace gort::collector
