// blocking(f): giving the processor away before a call that may block the OS thread.
//
// The goroutine keeps its thread and its stack; the right to run the others goes to another thread
// at once, so ten goroutines in ten blocking calls use ten threads and no processor. Coming back is
// the ordinary loss of a processor: take an idle one or queue (safepoint.cc). A foreign thread has
// nothing to give away. Runs on the calling goroutine. Not here: calls that block without saying so
// (monitor.cc).
#include "gort/detail/runtime_core.hpp"
#include "sched/idle.h"
#include "sched/safepoint.h"
#include "sched/sched.h"
#include "sched/scheduler.h"

namespace gort::detail {

using namespace gort::sched;

void enter_blocking() {
  Thread* thread = enter();
  if (thread->processor != nullptr) {
    thread->current->status.store(Status::blocking, std::memory_order_relaxed);
    {
      base::Guard guard(scheduler.lock);
      thread->without_processor = true;
      ++scheduler.without_processor;
      thread->attention.fetch_or(kLost, std::memory_order_relaxed);
    }
    hand_off(thread);
  }
  leave(thread);
}

void leave_blocking() { leave(enter()); }

}  // namespace gort::detail
