// What happens when a thread enters the runtime and somebody wants its attention.
//
// In order: a thread that gort has never seen is attached; a claim is waited out; a goroutine whose
// processor was taken queues for another one, which means that it stops here and goes on later,
// maybe on another thread. Runs at the entry of a section, holding no lock. Not here: the fast path
// (safepoint.h), who claims (world.cc).
#include "sched/safepoint.h"

#include "base/event.h"
#include "sched/attach.h"
#include "sched/halt_signal.h"
#include "sched/idle.h"
#include "sched/loop.h"
#include "sched/resume.h"
#include "sched/scheduler.h"

namespace gort::sched {

bool entry_needs_fence = false;

namespace {
// It may block the signal: then it comes to a halt here.
bool is_asked_to_halt(const Thread* thread) {
  const HaltState& halt = thread->halt;
  return halt.asked.load(std::memory_order_relaxed) !=
         halt.released.load(std::memory_order_relaxed);
}
}  // namespace

// Outside for as long as somebody has claimed us. In a simulation, the point where others go on.
void wait_outside(Thread* thread) {
  const std::uint32_t depth = thread->inside.load(std::memory_order_relaxed);
  for (;;) {
    thread->inside.store(0, std::memory_order_seq_cst);
    if (base::simulated() != nullptr) base::simulated()->relax();
    base::Backoff backoff;
    while (thread->attention.load(std::memory_order_acquire) & kClaimed) {
      if (is_asked_to_halt(thread)) take_signal();
      backoff.step();
    }
    thread->inside.store(depth, std::memory_order_seq_cst);
    // Slow path: a real fence, so that this entry is safe whatever the claimant does.
    if (!(thread->attention.load(std::memory_order_seq_cst) & kClaimed)) return;
  }
}

void enter_scheduler(Thread* thread) {
  thread->inside.store(1, std::memory_order_seq_cst);
  if (thread->attention.load(std::memory_order_seq_cst) & kClaimed) wait_outside(thread);
}

namespace {

// The goroutine that runs here has no processor: get an idle one, or queue.
Thread* regain_processor(Thread* thread) {
  Goroutine* self = thread->current;
  {
    base::Guard guard(scheduler.lock);
    thread->attention.fetch_and(~std::uint32_t{kLost}, std::memory_order_relaxed);
    if (thread->without_processor) {
      thread->without_processor = false;
      --scheduler.without_processor;
    }
    if (!self->has(kAbandoned)) {
      if (Processor* processor = take_idle_processor_locked()) {
        attach_processor_locked(thread, processor);
        self->status.store(Status::running, std::memory_order_relaxed);
        return thread;
      }
      self->status.store(Status::runnable, std::memory_order_relaxed);
      push_global_locked(self);  // resumable once its registers are saved [G2]
    }
  }
  return switch_to_scheduler(thread, self);
}

}  // namespace

Thread* enter_slow(Thread* thread) {
  if (thread->attention.load(std::memory_order_relaxed) & kUnattached) {
    attach_foreign_thread();
    return enter();
  }
  if (thread->inside.load(std::memory_order_relaxed) > 1) return thread;  // [E3]
  if (entry_needs_fence) {
    // The kernel has no process-wide barrier: kSimulated is set everywhere so that we come here.
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
  if (thread->attention.load(std::memory_order_acquire) & (kClaimed | kSimulated)) {
    wait_outside(thread);
  }
  if (thread->attention.load(std::memory_order_acquire) & kLost) return regain_processor(thread);
  return thread;
}

}  // namespace gort::sched
