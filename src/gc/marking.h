// Who marks: a goroutine per processor, the coordinator, and whoever allocates.
//
// The work is cut into slices of a fifth of a millisecond, each a section, which ends early when
// somebody wants to stop the world. Between slices a worker looks whether other goroutines wait for
// its processor: if so, it may have a quarter of the time and sleeps for the rest; if not, it goes
// on. So marking takes all of an idle machine and a quarter of a busy one.
//
// A worker that sleeps comes back late where all processors run goroutines that never wait: timers
// are looked at when one does, or when its 10 ms are over. So the quarter is an account of all: who
// allocates and finds it behind does the next slice itself.
//
// [MA1] Marking is open from the flip to the end, but for the moment in which the dead are gathered
//       (special.h). It is opened and closed with the world stopped, or by the coordinator while it
//       is closed; who marks asks inside the section in which it marks.
// Runs on the workers, the coordinator and, in assists, on any thread. Not here: the work (mark.h,
// roots.h), how much an allocation has to do (assist.cc).
#pragma once

#include <cstdint>

#include "gc/work.h"
#include "sched/sched.h"

namespace gort::collector {

// --- the coordinator's
// Starts as many workers as there are processors besides the one that the coordinator uses, and
// lets the parked ones run. Outside sections.
void wake_workers();
void open_marking(const sched::WorldStopped&);
void close_marking(const sched::WorldStopped&);
void reopen_marking();
// Marks for a fraction of a millisecond; true if nothing seems to be left.
bool mark_briefly();
// Marks with the others until nothing seems to be left.
void mark_until_quiet();

// --- in sections
bool marking_is_open();
// Scans about `budget` bytes; less if there is no more, or the world is to be stopped. Returns how
// much it was.
std::uint64_t mark_some(LocalWork& work, sched::Thread* thread, std::uint64_t budget);
// A slice of the background's share, if it is behind.
void mark_in_turn(sched::Thread* thread);
// Nobody is known to have anything left to do: a look, not a proof.
bool seems_quiet();

}  // namespace gort::collector
