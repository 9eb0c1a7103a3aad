// The stack of a goroutine that runs on another thread, for reports of death.
//
// Only the thread itself can walk a running stack, so it is interrupted by a signal whose handler
// does it. That replaces the program's handler for the signal, which matters to nobody in a process
// that is about to end; dumps of a living one say that such a stack is not available.
// Runs on the dying thread, and the handler on the others. Not here: parked goroutines
// (traceback.cc).
#pragma once

#include <sys/types.h>

#include "runtime/traceback.h"

namespace gort::runtime {

// True if the thread has filled in the trace; false if it did not answer in time.
bool trace_other_thread(pid_t tid, Trace& trace);

}  // namespace gort::runtime
