// Sweeping one span, for those in the heap who hold one.
//
// Runs on whoever holds the span [HC2]. Not here: the sweep of all (object.h).
#pragma once

#include "heap/span.h"

namespace gort::heap {

// Turns marks of the dead colour into free slots, and counts. The span is the caller's alone.
void sweep_span(Span* span);
// The same for the span of a cache, whose free slots are not counted meanwhile.
void sweep_held(Span* span);
inline bool needs_sweep(const Span& span) {
  return span.kind != Kind::manual && span.sweep_generation != sweep_generation();
}
// Before `pages` more are taken from the allocator: sweeps until as many have been freed, or for
// some time, or nothing is left to sweep. No lock held.
void sweep_for_pages(std::size_t pages);
// After start_sweep has put `count` spans into the unswept lists; after one left them.
void finished_sweeping_one();

}  // namespace gort::heap
