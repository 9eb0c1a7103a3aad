// Continuing a goroutine: the few steps around gort_switch.
//
// Kept in a header because park, yield, exit and the scheduler's loop each do it and each
// nanosecond counts. The order is what [G2] needs: wait until the next one's registers are saved,
// mark it as running, switch; and on the other side clear `saving` of whoever was left. Sanitizers
// hear of every switch (sanitizer.h).
// Runs inside the runtime, on the stack that is being left or, after the switch, entered.
// Not here: choosing who is next (pick.h).
#pragma once

#include "base/event.h"
#include "sched/halt.h"
#include "sched/processor.h"
#include "sched/sanitizer.h"
#include "sched/switch.h"
#include "sched/thread.h"

namespace gort::sched {

// The collector's look at a goroutine, or a foreign thread, that is about to run user code and has
// not been seen in this cycle (halt.h).
void scan_if_unscanned(Goroutine* goroutine);
[[gnu::always_inline]] inline void scan_before_running(Goroutine* goroutine) {
  if (scan_epoch.load(std::memory_order_relaxed) != 0) [[unlikely]]
    scan_if_unscanned(goroutine);
}

// Gives a goroutine that has never run its window and first frame.
void attach_stack(Processor* processor, Goroutine* goroutine);

[[gnu::always_inline]] inline void save_exceptions(Thread* thread, Goroutine* goroutine) {
  ExceptionState* state = thread->exceptions;
  if (state->caught == nullptr && state->uncaught == 0) [[likely]]
    return;
  goroutine->exceptions = *state;
  *state = {};
  goroutine->set(kExceptions);
}

[[gnu::always_inline]] inline void restore_exceptions(Thread* thread, Goroutine* goroutine) {
  if (!goroutine->has(kExceptions)) [[likely]]
    return;
  *thread->exceptions = goroutine->exceptions;
  goroutine->clear(kExceptions);
}

// Makes `next` the thread's goroutine and returns its stack pointer. On the scheduler's stack or a
// dead goroutine's, if `next` may have to be waited for [G3].
[[gnu::always_inline]] inline void* prepare_resume(Thread* thread, Goroutine* next) {
  if (next->saving.load(std::memory_order_acquire) != 0) [[unlikely]] {
    base::Backoff backoff;
    while (next->saving.load(std::memory_order_acquire) != 0) backoff.step();
  }
  announce_resumed(next);
  scan_before_running(next);
  next->saving.store(1, std::memory_order_relaxed);
  if (next->sp == nullptr) [[unlikely]]
    attach_stack(thread->processor, next);
  next->status.store(Status::running, std::memory_order_relaxed);
  thread->current = next;
  return next->sp;
}

// The rare parts of a switch: exceptions in flight, a stack to attach, registers not saved yet, a
// stack to be scanned.
Thread* switch_goroutines_slow(Thread* thread, Goroutine* self, Goroutine* next);

// From one goroutine to another; returns when `self` is resumed, on whatever thread that is.
[[gnu::always_inline]] inline Thread* switch_goroutines(Thread* thread, Goroutine* self,
                                                        Goroutine* next) {
  // Also a goroutine that has exceptions saved goes the slow way, so nothing is left to do after
  // the switch.
  if (kSanitized || next->saving.load(std::memory_order_acquire) != 0 || next->sp == nullptr ||
      thread->exceptions->caught != nullptr || thread->exceptions->uncaught != 0 ||
      scan_epoch.load(std::memory_order_relaxed) != 0) [[unlikely]] {
    return switch_goroutines_slow(thread, self, next);
  }
  next->saving.store(1, std::memory_order_relaxed);
  next->status.store(Status::running, std::memory_order_relaxed);
  thread->current = next;
  return gort_switch(&self->sp, next->sp, self);
}

// From a goroutine to its thread's scheduler loop.
Thread* switch_to_scheduler(Thread* thread, Goroutine* self);

}  // namespace gort::sched
