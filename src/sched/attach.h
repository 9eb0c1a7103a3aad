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
// Starts the scheduler if nothing has yet, by runtime/boot.cc where that is linked.
void ensure_booted();

}  // namespace gort::sched
