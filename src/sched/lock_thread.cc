// lock_os_thread: a goroutine and an OS thread that belong to each other.
//
// A locked goroutine runs on its thread only, and the thread runs nothing else. So when it parks,
// its thread hands its processor off and sleeps until somebody who picked the goroutine brings a
// processor along. Each such meeting costs two thread switches, as in Go. A goroutine that ends
// while locked takes its thread with it. Runs inside the runtime. Not here: how a thread ends
// (attach.cc).
#include "base/assert.h"
#include "base/event.h"
#include "sched/idle.h"
#include "sched/loop.h"
#include "sched/sched.h"
#include "sched/wake.h"

namespace gort::sched {

void lock_thread() {
  Section section;
  Goroutine* self = section.goroutine();
  if (self->has(kForeign)) return;  // it is its thread already
  if (self->lock_depth == UINT8_MAX) {
    base::fatal(base::FatalScope::current, "lock_os_thread nested too deeply");
  }
  if (self->lock_depth++ > 0) return;
  self->locked_thread = section.thread();
  section.thread()->locked_goroutine = self;
  self->set(kLocked);
}

void unlock_thread() {
  Section section;
  Goroutine* self = section.goroutine();
  if (self->has(kForeign) || self->lock_depth == 0) return;
  if (--self->lock_depth > 0) return;
  self->locked_thread = nullptr;
  section.thread()->locked_goroutine = nullptr;
  self->clear(kLocked);
}

// On the locked thread's scheduler stack: its goroutine has parked, or yielded.
Goroutine* wait_for_locked_goroutine(Thread* thread) {
  Goroutine* mine = thread->locked_goroutine;
  if (thread->processor != nullptr) hand_off(thread);
  for (;;) {
    sleep_outside(thread, base::kNever);
    attach_assigned(thread);
    if (thread->processor != nullptr) return mine;  // else it was retired on its way to us
  }
}

// `thread` has picked a goroutine that may run on its own thread only.
void hand_to_locked_thread(Thread* thread, Goroutine* goroutine) {
  Thread* owner = goroutine->locked_thread;
  {
    base::Guard guard(scheduler.lock);
    Processor* processor = thread->processor;
    detach_processor_locked(thread);
    owner->assigned = processor;
    owner->wake_word.store(1, std::memory_order_release);
  }
  base::wake(owner->wake_word);
}

}  // namespace gort::sched
