// Internal steps of a thread's idling, shared by idle.cc and its neighbours.
//
// Runs inside the runtime on scheduler stacks. Not here: why and in which order (idle.cc).
#pragma once

#include "sched/scheduler.h"

namespace gort::sched {

// Inside again after sleeping; waits out a claim. For scheduler stacks, where there is no goroutine
// to queue.
void enter_scheduler(Thread* thread);
void wake_up(Thread* thread);
bool run_all_due_timers(Processor* mine);
void give_up_retired(Thread* thread);
void end_thread(Thread* thread);  // hands off and forgets a thread whose goroutine exited locked

}  // namespace gort::sched
