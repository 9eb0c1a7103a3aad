// The pieces that the scheduler's loop is made of, each in the file named.
//
// Internal to sched/. Runs inside the runtime. Not here: the loop itself and its order (loop.cc).
#pragma once

#include "sched/scheduler.h"

namespace gort::sched {

void scheduler_loop(Thread* thread);

// idle.cc: the next goroutine for `thread`, which may sleep for it and change processors; null if
// the thread is to end.
Goroutine* find_runnable(Thread* thread);

// steal.cc: looks for work of other processors for some microseconds; null if there is none worth
// taking.
Goroutine* steal(Thread* thread);

// lock_thread.cc
void hand_to_locked_thread(Thread* thread, Goroutine* goroutine);
Goroutine* wait_for_locked_goroutine(Thread* thread);

// spawn.cc
void release_record(Processor* processor, Goroutine* goroutine);
void destroy_locals(Goroutine* goroutine);
void main_goroutine_ended();

// loop.cc: from the bottom of its stack, or from the end of an unwind.
[[noreturn]] void end_running_goroutine();

// stack_trim.cc: the monitor's once-a-second look at fat stacks.
void trim_stacks();

// safepoint.cc: waits while others have claimed what this thread owns.
void wait_outside(Thread* thread);

// idle.cc: the thread has no processor and waits until it is given one.
void sleep_without_processor(Thread* thread);
// Sleeps outside the runtime until woken or the deadline, then is inside again.
void sleep_outside(Thread* thread, std::int64_t deadline_ns);
// attach.cc: takes over the processor that was assigned while the thread slept.
void attach_assigned(Thread* thread);

}  // namespace gort::sched
