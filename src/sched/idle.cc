// What a thread does when it has nothing to run: look, then sleep; and how it is woken.
//
// A thread without work gives its processor to the idle list and sleeps on its own futex. One of
// the sleepers, the *timekeeper*, sleeps only until the earliest timer of any processor; when it
// wakes it takes an idle processor and fires what is due. A thread that wants an idle processor
// (coming back from a blocking call) takes it from the list without waking anybody.
//
// [I1] A thread goes to sleep only after it has looked, with the scheduler's lock held, at the
//      global queue; and whoever pushes there looks, after that, at the idle list: so a goroutine
//      pushed from outside is never left with all threads asleep. Work on a processor's own queue
//      has its owner, which is awake.
// [I2] While any processor is idle, timers are pending and no thread is awake, there is a
//      timekeeper whose deadline is not after the earliest timer.
// Runs inside the runtime on scheduler stacks. Not here: deadlock (deadlock.cc), robbing
// (steal.cc).
#include "sched/idle.h"

#include <utility>

#include "base/event.h"
#include "sched/deadlock.h"
#include "sched/loop.h"
#include "sched/pick.h"
#include "sched/safepoint.h"
#include "sched/wake.h"

namespace gort::sched {

bool has_work(const Processor* processor) {
  return processor->queue.size() > 0 || processor->next.load(std::memory_order_relaxed) != nullptr;
}

std::int64_t earliest_timer_ns() {
  std::int64_t earliest = base::kNever;
  const int processors = scheduler.processor_count.load(std::memory_order_acquire);
  for (int i = 0; i < processors; ++i) {
    const std::int64_t next = scheduler.processors[i]->timers.next_ns();
    if (next < earliest) earliest = next;
  }
  return earliest;
}

Processor* take_idle_processor_locked() {
  Processor* processor = scheduler.idle_processors;
  if (processor == nullptr) return nullptr;
  scheduler.idle_processors = processor->idle_next;
  scheduler.idle_count.fetch_sub(1, std::memory_order_relaxed);
  poke_monitor();  // not all is idle any more; a system call only if it slept
  return processor;
}

void put_idle_processor_locked(Processor* processor) {
  GORT_ASSERT(!has_work(processor) && processor->thread == nullptr);
  processor->idle_next = scheduler.idle_processors;
  scheduler.idle_processors = processor;
  scheduler.idle_count.fetch_add(1, std::memory_order_seq_cst);
}

void attach_processor_locked(Thread* thread, Processor* processor) {
  GORT_ASSERT(thread->processor == nullptr && processor->thread == nullptr);
  GORT_ASSERT(thread->cache == nullptr);
  thread->processor = processor;
  thread->cache = std::exchange(processor->cache, nullptr);  // [TF1]
  processor->thread = thread;
}

void detach_processor_locked(Thread* thread) {
  thread->processor->thread = nullptr;
  thread->processor->cache = std::exchange(thread->cache, nullptr);  // [TF1]
  thread->processor = nullptr;
}

void sleep_outside(Thread* thread, std::int64_t deadline_ns) {
  leave(thread);
  while (thread->wake_word.load(std::memory_order_acquire) == 0) {
    base::sleep_on(thread->wake_word, 0, deadline_ns);
    if (deadline_ns != base::kNever && base::now_ns() >= deadline_ns) break;
  }
  enter_scheduler(thread);
}

namespace {

void stop_spinning(Thread* thread) {
  if (!thread->spinning) return;
  thread->spinning = false;
  scheduler.spinning.fetch_sub(1, std::memory_order_seq_cst);
}

// A thief that found something may have been the only one looking: somebody else should look for
// the rest.
Goroutine* found(Thread* thread, Goroutine* goroutine) {
  if (thread->spinning) {
    stop_spinning(thread);
    if (has_work(thread->processor) || scheduler.global_size.load(std::memory_order_relaxed) > 0) {
      wake_one();
    }
  }
  return goroutine;
}

void unlink_idle_thread_locked(Thread* thread) {
  if (!thread->is_idle) return;
  thread->is_idle = false;
  if (scheduler.timekeeper == thread) {
    scheduler.timekeeper = nullptr;
    scheduler.timekeeper_until_ns = base::kNever;
  }
  for (Thread** link = &scheduler.idle_threads; *link != nullptr; link = &(*link)->idle_next) {
    if (*link == thread) {
      *link = thread->idle_next;
      return;
    }
  }
}

void link_idle_thread_locked(Thread* thread) {
  thread->is_idle = true;
  thread->idle_next = scheduler.idle_threads;
  scheduler.idle_threads = thread;
}

// With the lock held: the thread keeps the time if nobody does so early enough.
std::int64_t sleep_deadline_locked(Thread* thread) {
  const std::int64_t earliest = earliest_timer_ns();
  if (earliest == base::kNever || earliest >= scheduler.timekeeper_until_ns) return base::kNever;
  scheduler.timekeeper = thread;
  scheduler.timekeeper_until_ns = earliest;
  return earliest;
}

// The timekeeper's alarm, or a spurious wake-up: take an idle processor, if there is one.
void take_processor_for_timers(Thread* thread) {
  base::Guard guard(scheduler.lock);
  if (thread->assigned != nullptr) return;  // woken for work at the same moment
  unlink_idle_thread_locked(thread);
  if (Processor* processor = take_idle_processor_locked()) {
    attach_processor_locked(thread, processor);
  }
}

void go_idle(Thread* thread) {
  Processor* processor = thread->processor;
  stop_spinning(thread);
  scheduler.lock.lock();
  if (scheduler.global_size.load(std::memory_order_relaxed) > 0 || has_work(processor) ||
      earliest_timer_ns() <= base::now_ns()) {
    scheduler.lock.unlock();
    return;
  }
  detach_processor_locked(thread);
  if (!processor->retired) put_idle_processor_locked(processor);
  link_idle_thread_locked(thread);
  const std::int64_t deadline_ns = sleep_deadline_locked(thread);
  const bool dead = is_deadlocked_locked();
  scheduler.lock.unlock();
  if (dead) report_deadlock();
  sleep_outside(thread, deadline_ns);
  wake_up(thread);
}

}  // namespace

// After sleeping: attach what was assigned, or, woken by the clock, find a processor for the
// timers.
void wake_up(Thread* thread) {
  if (thread->wake_word.load(std::memory_order_acquire) == 0) take_processor_for_timers(thread);
  if (thread->processor == nullptr) attach_assigned(thread);
}

void attach_assigned(Thread* thread) {
  base::Guard guard(scheduler.lock);
  thread->wake_word.store(0, std::memory_order_relaxed);
  if (thread->assigned == nullptr) return;  // retired meanwhile
  attach_processor_locked(thread, thread->assigned);
  thread->assigned = nullptr;
}

void sleep_without_processor(Thread* thread) {
  stop_spinning(thread);
  scheduler.lock.lock();
  link_idle_thread_locked(thread);
  // We may have been the one whose looking kept others from being woken, until our processor was
  // retired.
  const bool waiting = scheduler.global_size.load(std::memory_order_relaxed) > 0;
  // No deadlock check: whoever has the processors makes it.
  scheduler.lock.unlock();
  if (waiting) wake_one();
  sleep_outside(thread, base::kNever);
  attach_assigned(thread);
}

Goroutine* find_runnable(Thread* thread) {
  for (;;) {
    if (thread->exiting) return end_thread(thread), nullptr;
    if (thread->locked_goroutine != nullptr) return wait_for_locked_goroutine(thread);
    if (thread->attention.load(std::memory_order_acquire) & (kClaimed | kSimulated)) {
      wait_outside(thread);
    }
    Processor* processor = thread->processor;
    if (processor == nullptr) {
      sleep_without_processor(thread);
      continue;
    }
    if (processor->retired) [[unlikely]] {
      give_up_retired(thread);
      continue;
    }
    if (Goroutine* next = pick(processor)) return found(thread, next);
    if (Goroutine* next = take_global(processor)) return found(thread, next);
    if (run_all_due_timers(processor)) continue;
    if (Goroutine* next = steal(thread)) return found(thread, next);
    if (thread->processor != processor) continue;  // it was outside meanwhile, and was retired
    if (thread->processor != processor) continue;  // taken while we watched: gomaxprocs was lowered
    if (has_work(processor) || run_all_due_timers(processor)) continue;
    go_idle(thread);
  }
}

bool run_all_due_timers(Processor* mine) {
  if (earliest_timer_ns() == base::kNever) return false;
  const std::int64_t now = base::now_ns();
  bool fired = mine->timers.run_due(now);
  // Another processor's timers are its own business unless it is late: idle, or deep in user code.
  const int processors = scheduler.processor_count.load(std::memory_order_acquire);
  for (int i = 0; i < processors; ++i) {
    TimerHeap& heap = scheduler.processors[i]->timers;
    if (heap.next_ns() <= now) fired |= heap.run_due(now);
  }
  return fired;
}

void give_up_retired(Thread* thread) {
  base::Guard guard(scheduler.lock);
  Processor* processor = thread->processor;
  while (Goroutine* goroutine = processor->next.load(std::memory_order_relaxed)) {
    processor->next.store(nullptr, std::memory_order_relaxed);
    push_global_locked(goroutine);
  }
  while (Goroutine* goroutine = processor->queue.pop()) push_global_locked(goroutine);
  detach_processor_locked(thread);
}

void hand_off(Thread* thread) {
  Assignment successor;
  bool dead = false;
  {
    base::Guard guard(scheduler.lock);
    Processor* processor = thread->processor;
    detach_processor_locked(thread);
    if (processor->retired) return;
    const bool work = has_work(processor) ||
                      scheduler.global_size.load(std::memory_order_relaxed) > 0 ||
                      // A timer needs a thread that looks at it; one that sleeps may keep the time.
                      earliest_timer_ns() < scheduler.timekeeper_until_ns;
    if (work) {
      successor = assign_locked(processor, false);
    } else {
      put_idle_processor_locked(processor);
      dead = is_deadlocked_locked();
    }
  }
  if (successor.thread != nullptr) launch(successor);
  if (dead) report_deadlock();
}

Assignment assign_locked(Processor* processor, bool spinning) {
  Thread* chosen = scheduler.idle_threads;
  if (chosen != nullptr && chosen == scheduler.timekeeper && chosen->idle_next != nullptr) {
    chosen = chosen->idle_next;  // let the timekeeper sleep
  }
  const bool fresh = chosen == nullptr;
  if (!fresh) {
    unlink_idle_thread_locked(chosen);
  } else {
    chosen = new_thread_locked();
  }
  chosen->assigned = processor;
  chosen->spinning = spinning;
  chosen->wake_word.store(1,
                          std::memory_order_release);  // under the lock: attach_assigned clears it
  return {chosen, fresh};
}

}  // namespace gort::sched
