// Threads joining and leaving: gort's own and foreign ones.
//
// Internal to sched/ and to boot. Not here: what they do (loop.cc).
#pragma once

#include "sched/scheduler.h"

namespace gort::sched {

// The calling OS thread becomes known; it blocks where a goroutine would park. Undone when the
// thread exits.
void attach_foreign_thread();
// Undoes it before the thread exits: for the thread that calls run().
void detach_foreign_thread();
// Runs `meanwhile(argument)` while the calling foreign thread counts for nothing: it neither keeps
// a deadlock from being seen nor the locks from being elided, and its stack is scanned as a parked
// one. On any other thread just runs it. Nothing of gort's may be called there but what a thread
// that is not attached may.
void stay_aside(void (*meanwhile)(void*), void* argument);
// Starts the scheduler if nothing has yet, by runtime/boot.cc where that is linked.
void ensure_booted();

}  // namespace gort::sched
