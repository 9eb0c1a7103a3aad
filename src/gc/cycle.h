// A collection from beginning to end, by one goroutine of the runtime's: the coordinator.
//
// It sleeps until somebody asks: an allocation that finds the trigger reached, gc(), a timer. The
// order of a cycle is docs/COLLECTOR.md's. Whoever wants a cycle that begins after the question has
// its number, and waits until that many have ended, sweep included.
//
// Any thread may ask. Not here: whether to ask (assist.cc), what it costs (budget.h).
#pragma once

#include <cstdint>

#include "gc/pacer.h"
#include "sched/sched.h"

namespace gort::collector {

// Both: inside a section that is not nested, between cycles; the section may be left for a moment;
// return the thread that the caller is on then.
// Asks for a cycle and does not wait.
sched::Thread* request_cycle(sched::Thread* thread, Reason reason);
// Asks for one and waits until it has begun: so that allocation cannot run ahead of it. The patient
// may wait for a fraction of a millisecond more, if the cycle is over by then.
sched::Thread* begin_cycle_and_wait(sched::Thread* thread, bool patient);
bool cycle_is_requested();
// A complete cycle that begins after the call, its sweep included. Outside sections; not on the
// collector's own goroutines.
void collect_and_wait(Reason reason);
// Waits until marking is over, if there is or was asked for any. Outside sections.
void wait_for_marking();
// Whether the calling goroutine is one of the collector's: it cannot wait for a collection. The one
// that runs destructors and cleanups is not, for it runs the user's code.
bool is_collectors(const sched::Thread* thread);

}  // namespace gort::collector
