// What a thread does: run goroutines until there are none, and what a goroutine's first frame does.
//
// The loop runs on the OS thread's own stack. It is left for a goroutine and comes back only when
// that one, or one it switched to, found nothing near to run next. gort_goroutine_main is at the
// bottom of every goroutine stack: it runs a goroutine to its end and, if the next one has not
// started yet, runs that on the same stack without any switch; a million short goroutines in a row
// use one window.
//
// An exception that leaves a goroutine is not caught here: nothing is above, so std::terminate is
// called with the goroutine's stack intact (runtime/signals.cc prints it).
// Runs inside the runtime but for the goroutine's own code. Not here: pick.h, steal.cc, idle.cc.
#include "sched/loop.h"
#include "sched/safepoint.h"

#include <utility>

#include "base/assert.h"
#include "sched/pick.h"
#include "sched/resume.h"
#include "sched/wake.h"

namespace gort::sched {
namespace {

// Ends `self`, whose stack the caller is still on: the record goes back, the window stays the
// caller's.
void bury(Processor* processor, Goroutine* self) {
  if (!self->has(kSystem)) processor->count_live(-1);
  SanitizerSwitch::end(self);
  release_record(processor, self);
}

// A dead goroutine's stack to leave from; what is saved there is never resumed.
struct Grave {
  void* sp;
};

[[noreturn]] void leave_dead_stack(Thread* thread, Goroutine* next, const Stack& stack) {
  Grave grave;
  if (next != nullptr) {
    void* sp = prepare_resume(thread, next);
    SanitizerSwitch announce(thread, next, true);
    SanitizerSwitch::leave_for_ever(stack);
    gort_switch(&grave.sp, sp, nullptr);
  } else {
    SanitizerSwitch announce(thread, nullptr, true);
    SanitizerSwitch::leave_for_ever(stack);
    gort_switch(&grave.sp, thread->scheduler_sp, nullptr);
  }
  __builtin_unreachable();
}

// Chooses what runs after `self` has ended. Returns true if that goroutine has taken over the
// running stack.
bool end_goroutine(Thread* thread, Goroutine* self, bool at_bottom) {
  Processor* processor = thread->processor;
  const Stack stack = self->stack;
  const bool ordinary = !self->has(kOwnLimit);
  const bool locked = self->has(kLocked);
  if (self->has(kMain)) main_goroutine_ended();
  if (locked) thread->exiting = true;  // as in Go: a thread in an unknown state is not reused
  Goroutine* next = locked ? nullptr : pick(processor);
  if (next != nullptr && needs_care(next)) {
    push_next(processor, next);
    next = nullptr;
  }
  // While there is a stack to do it on that is nobody else's.
  if (next != nullptr) scan_before_running(next);
  bury(processor, self);
  if (kReuseRunningStack && at_bottom && next != nullptr && next->sp == nullptr && ordinary &&
      !next->has(kOwnLimit) && is_fit_for(stack, next->entry)) {
    next->stack = stack;
    next->sp = stack.top;  // not null: it has started, also for who picks it before it is saved
    next->saving.store(1, std::memory_order_relaxed);
    next->status.store(Status::running, std::memory_order_relaxed);
    thread->current = next;
    return true;
  }
  // The next one's window must be taken before ours is given back, or it could be ours.
  if (next != nullptr && next->sp == nullptr) attach_stack(processor, next);
  processor->stacks.release(stack);
  leave_dead_stack(thread, next, stack);
}

}  // namespace

void scheduler_loop(Thread* thread) {
  for (;;) {
    Goroutine* next = std::exchange(thread->picked, nullptr);
    if (next == nullptr) next = find_runnable(thread);
    if (next == nullptr) return;  // the thread ends
    if (next->has(kAbandoned)) continue;
    if (next->has(kLocked) && next->locked_thread != thread) {
      hand_to_locked_thread(thread, next);
      continue;
    }
    void* sp = prepare_resume(thread, next);
    SanitizerSwitch announce(thread, next);
    thread->on_scheduler = false;
    gort_switch(&thread->scheduler_sp, sp, nullptr);
    thread->on_scheduler = true;
    announce.finish();
  }
}

[[noreturn]] static void run_goroutines() {
  for (;;) {
    Thread* thread = base::current_thread();
    Goroutine* self = thread->current;
    leave(thread);
    self->entry(self->closure);
    if (self->extra != nullptr) destroy_locals(self);
    thread = enter();
    end_goroutine(thread, self, true);
  }
}

void end_running_goroutine() {
  Thread* thread = enter();
  Goroutine* self = thread->current;
  leave(thread);
  if (self->extra != nullptr) destroy_locals(self);
  thread = enter();
  // We are deep in an unwinder's frames: no other goroutine can have this window as it is.
  end_goroutine(thread, self, false);
  __builtin_unreachable();
}

void attach_stack(Processor* processor, Goroutine* goroutine) {
  const std::size_t limit = goroutine->extra != nullptr ? goroutine->extra->stack_limit : 0;
  goroutine->stack = processor->stacks.acquire(goroutine->entry, limit);
  goroutine->sp = prepare_stack(first_frame(goroutine->stack));
}

}  // namespace gort::sched

using namespace gort::sched;

extern "C" void gort_goroutine_main(Thread* thread) {
  SanitizerSwitch::first_run(thread->current);
  run_goroutines();
}
