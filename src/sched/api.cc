// The public functions that are one call into the scheduler.
//
// Runs on any thread. Not here: options and dumps (runtime/), templates (gort/go.hpp).
#include "gort/go.hpp"
#include "sched/sched.h"

namespace gort {

void yield() { sched::leave(sched::yield(sched::enter())); }

void goexit() { sched::exit_goroutine(); }

}  // namespace gort
