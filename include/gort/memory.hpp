// The collector's settings, and asking for a collection.
//
//     gort::set_gc_percent(200);                    // a larger heap, collected half as often
//     gort::set_memory_limit(std::int64_t{4} << 30);
//
// The environment sets the same at the start: GOGC, GOMEMLIMIT; GODEBUG=gctrace=1 prints a line per
// collection. Any thread. Not here: objects (heap.hpp), numbers (mem_stats.hpp).
#pragma once

#include <cstdint>

#include "gort/detail/boot_anchor.hpp"
#include "gort/detail/gc_core.hpp"

namespace gort {

// A complete collection that begins after the call, its sweep included; returns when it is done.
// Destructors and cleanups of what was found dead have been queued by then, and run soon. Other
// goroutines go on meanwhile. Go's runtime.GC.
inline void gc() { detail::gc(); }

// A collection starts so that it ends when the heap has grown by `percent` of what was alive after
// the one before; negative: off, but for the memory limit. Returns what it was. Go's
// debug.SetGCPercent.
inline int set_gc_percent(int percent) { return detail::set_gc_percent(percent); }

// Bytes of memory that gort tries not to exceed, by collecting more often and giving memory back,
// at the cost of at most half of the processors' time; INT64_MAX: no limit; a negative number only
// asks. Counted are the heap, goroutines' stacks and gort's own tables. Returns what it was. Go's
// debug.SetMemoryLimit.
inline std::int64_t set_memory_limit(std::int64_t bytes) { return detail::set_memory_limit(bytes); }

// A collection, and then as much memory as possible goes back to the system. Go's
// debug.FreeOSMemory.
inline void free_os_memory() { detail::free_os_memory(); }

}  // namespace gort
