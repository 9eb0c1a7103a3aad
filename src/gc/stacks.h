// Stacks: each is scanned once per cycle, as it was at the flip.
//
// `Goroutine::scanned` says how far it is: the epoch (even) when it was scanned in this cycle, the
// epoch less one (odd) while somebody scans it, anything else: not yet. Whoever changes it to odd
// by compare-and-swap scans. Who is about to run it waits for that ([GS4]); markers pass it by, as
// it is somebody's: the coordinator's, who scans what it has halted before it asks whether marking
// is over, or one's who scans within a section, which must end before the world can be stopped to
// find out, with what it has found in its thread's chunk ([GS7]). A marker that waited would hold
// up that stop, in its section, for as long as another's stack is long.
//
// What belongs to a goroutine: its stack from the saved registers up, and the closure in its
// record. The collector's own goroutines have nothing: their frames are full of addresses of
// objects that they have looked at, which would keep those for ever.
// Not here: when (cycle.cc, roots.cc), who stops threads (sched/halt.h).
#pragma once

#include "gc/work.h"
#include "sched/halt.h"

namespace gort::collector {

// Scans a goroutine that does not run, unless that was done or another is at it.
void scan_parked(LocalWork& work, sched::Goroutine* goroutine);
// The caller becomes one of the collector's own. Inside a section.
void hold_no_references(sched::Thread* thread);
// The scheduler's call before one runs (sched::set_scanner).
void scan_before_running(sched::Goroutine* goroutine);

// At the flip: those that were found running are scanned by who halted them and by nobody else.
void claim_halted(const sched::HaltedThreads& halted);
// Before the world goes on: what belongs to threads that are not halted.
void scan_waiting_threads(LocalWork& work, const sched::HaltedThreads& halted);
// Afterwards: each is scanned and goes on.
void scan_and_release(LocalWork& work, sched::HaltedThreads& halted);

// Bytes of stacks looked at since the last reset.
std::uint64_t scanned_stack_bytes();
std::uint64_t scanned_stack_memory();  // the whole pages that these are in
void reset_scanned_stack_bytes();

}  // namespace gort::collector
