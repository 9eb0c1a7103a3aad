// Proving a cycle right, in checked builds (GORT_CHECKED): a second, independent marking.
//
// verify_flip marks, with every thread halted, all that is reachable at the flip, in a table of its
// own, by code that shares nothing with the marker but the places where roots are. verify_heap, at
// the end of marking, asks whether each of these objects was marked ([GS2] in docs/COLLECTOR.md),
// whether what lives refers to what dies, and heap::check_heap. A mistake ends the process with the
// object, its path from a root, and what is known of its type.
//
// In other builds both are empty. Runs on the coordinator. Not here: what user code may do wrong
// (hazard.h).
#pragma once

#include "sched/halt.h"

namespace gort::collector {

#ifdef GORT_CHECKED
// At the flip, everybody halted, before anyone is released; the caller's own frames count for
// nothing.
void verify_flip(const sched::WorldStopped& world, const sched::HaltedThreads& halted);
// At the end of marking, the queues empty, before the sweep begins; world stopped.
void verify_heap(const sched::WorldStopped& world);
// How often a refill is to start a collection: every Nth; 0: never (GODEBUG=gcstress=N).
unsigned collect_every();
#else
inline void verify_flip(const sched::WorldStopped&, const sched::HaltedThreads&) {}
inline void verify_heap(const sched::WorldStopped&) {}
inline constexpr unsigned collect_every() { return 0; }
#endif

}  // namespace gort::collector
