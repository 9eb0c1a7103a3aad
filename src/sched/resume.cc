// The switches that are not the shortest: first runs, exceptions in flight, the collector's
// look at a stack, the scheduler's own stack, sanitizers.
//
// A goroutine that is left with exceptions in flight (it parked in a catch block or a destructor
// during unwinding) has them moved to its record here, and put back here when it is resumed: so it
// must be left and resumed through this file, which holds because the one that saved them returns
// here. A goroutine whose registers are not saved yet is left to the scheduler loop to wait for.
// Runs inside the runtime. Not here: the shortest (resume.h).
#include "sched/resume.h"

namespace gort::sched {

Thread* switch_goroutines_slow(Thread* thread, Goroutine* self, Goroutine* next) {
  if (next->saving.load(std::memory_order_acquire) != 0) {
    thread->picked = next;  // [G3]
    return switch_to_scheduler(thread, self);
  }
  save_exceptions(thread, self);
  void* sp = prepare_resume(thread, next);
  announce_saved(self);
  SanitizerSwitch announce(thread, next);
  Thread* now_on = gort_switch(&self->sp, sp, self);
  announce.finish();
  restore_exceptions(now_on, self);
  return now_on;
}

Thread* switch_to_scheduler(Thread* thread, Goroutine* self) {
  save_exceptions(thread, self);
  announce_saved(self);
  SanitizerSwitch announce(thread, nullptr);
  Thread* now_on = gort_switch(&self->sp, thread->scheduler_sp, self);
  announce.finish();
  restore_exceptions(now_on, self);
  return now_on;
}

}  // namespace gort::sched
