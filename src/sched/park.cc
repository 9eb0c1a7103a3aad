// Where a goroutine stops, and where it becomes ready again.
//
// park looks for the next goroutine on the stack of the one that stops and switches to it directly:
// one switch, where going through the scheduler's stack takes two. Only when nothing is near does
// the scheduler's loop take over. There is no "commit after the switch": a waiter may be woken, and
// even picked by another processor, while it is still on its way out, because resuming waits until
// its registers are saved [G2].
//
// If the one picked is the one that is parking (its wake-up came first), park simply returns.
// Runs inside the runtime. A foreign thread has no scheduler: it sleeps on its stand-in's futex.
// Not here: the loop (loop.cc), which queue (wake.h).
#include "sched/pick.h"
#include "sched/resume.h"
#include "sched/sched.h"
#include "sched/wake.h"

namespace gort::sched {
namespace {

// Its frame holds the caller's registers, and stays until it has been scanned: so the thread can be
// taken for parked from here on, as a goroutine that is saved.
[[gnu::noinline]] Thread* park_foreign(Thread* thread, Goroutine* self) {
  GORT_CHECK(self->has(kForeign));
  __builtin_unwind_init();
  self->sp = stack_pointer();
  leave(thread);
  while (self->wake_token.load(std::memory_order_acquire) == 0) {
    base::sleep_on(self->wake_token, 0);
  }
  self->wake_token.store(0, std::memory_order_relaxed);
  thread = enter();
  scan_before_running(self);
  self->sp = nullptr;
  return thread;
}

[[gnu::noinline]] void ready_elsewhere(Goroutine* goroutine) {
  if (goroutine->has(kForeign)) {
    goroutine->wake_token.store(1, std::memory_order_release);
    base::wake(goroutine->wake_token);
    return;
  }
  push_global(goroutine);
  wake_one();
}

}  // namespace

// `self` has arranged to be resumed. Returns on the thread that resumes it.
[[gnu::noinline]] static Thread* switch_away_slow(Thread* thread, Goroutine* self,
                                                  Goroutine* picked) {
  GORT_CHECK(thread->inside.load(std::memory_order_relaxed) == 1);  // [E3]
  Processor* processor = thread->processor;
  if (processor != nullptr && !self->has(kLocked)) {
    if (Goroutine* next = picked != nullptr ? picked : pick(processor)) {
      if (next == self) {
        self->status.store(Status::running, std::memory_order_relaxed);
        return thread;
      }
      if (!needs_care(next)) return switch_goroutines(thread, self, next);
      push_next(processor, next);  // the loop knows what to do with it
    }
  } else if (picked != nullptr) {
    push_next(processor, picked);
  }
  return switch_to_scheduler(thread, self);
}

// True where the common path, written for speed, may be taken: no look further is due and nobody is
// special.
[[gnu::always_inline]] static inline bool is_common_round(const Thread* thread,
                                                          const Processor* processor,
                                                          const Goroutine* self) {
  return (processor->tick.load(std::memory_order_relaxed) & kLookRoundMask) != kLookRoundMask &&
         !processor->preempt.load(std::memory_order_relaxed) && !self->has(kLocked) &&
         thread->inside.load(std::memory_order_relaxed) == 1;
}

Thread* park(Thread* thread, WaitReason reason) {
  Goroutine* self = thread->current;
  Processor* processor = thread->processor;
  self->wait_reason.store(reason, std::memory_order_relaxed);
  self->wait_since_ms = scheduler.coarse_ms.load(std::memory_order_relaxed);
  // A wake-up may already have made us runnable: then the status is only wrong for a dump's eye.
  // Release: who reads it sees this park's reason, or a later one's.
  self->status.store(Status::waiting, std::memory_order_release);
  if (processor == nullptr) [[unlikely]]
    return park_foreign(thread, self);
  Goroutine* next = nullptr;
  if (is_common_round(thread, processor, self)) [[likely]] {
    next = pick(processor);
    if (next != nullptr && next != self && !needs_care(next)) [[likely]] {
      return switch_goroutines(thread, self, next);
    }
  }
  return switch_away_slow(thread, self, next);
}

void ready(Thread* thread, Goroutine* goroutine) {
  if (thread->processor == nullptr || goroutine->has(kForeign)) [[unlikely]] {
    return ready_elsewhere(goroutine);
  }
  push_next(thread->processor, goroutine);
}

void ready_last(Thread* thread, Goroutine* goroutine) {
  if (thread->processor == nullptr || goroutine->has(kForeign)) [[unlikely]] {
    return ready_elsewhere(goroutine);
  }
  thread->processor->queue.push(goroutine);
  consider_wake(thread->processor, kMaxSkipQueue);
}

namespace {
[[gnu::noinline]] Thread* yield_slow(Thread* thread) {
  Goroutine* self = thread->current;
  if (thread->processor == nullptr) {
    leave(thread);
    base::os::give_way();
    return enter();
  }
  // Nobody can look at the queue while we are inside, so it may hold us before we are saved [P1].
  thread->processor->queue.push(self);
  consider_wake(thread->processor, kMaxSkipQueue);
  self->status.store(Status::runnable, std::memory_order_relaxed);
  return switch_away_slow(thread, self, nullptr);
}
}  // namespace

Thread* yield(Thread* thread) {
  Goroutine* self = thread->current;
  Processor* processor = thread->processor;
  if (processor == nullptr || !is_common_round(thread, processor, self) ||
      processor->next.load(std::memory_order_relaxed) != nullptr || !may_skip_wake(processor))
      [[unlikely]] {
    return yield_slow(thread);
  }
  processor->tick.store(processor->tick.load(std::memory_order_relaxed) + 1,
                        std::memory_order_relaxed);
  Goroutine* next = processor->queue.pop();
  if (next == nullptr) return thread;
  processor->chain.store(processor->chain.load(std::memory_order_relaxed) + 1,
                         std::memory_order_relaxed);
  processor->queue.push_popped(self);
  if (needs_care(next)) [[unlikely]]
    return switch_away_slow(thread, self, next);
  self->status.store(Status::runnable, std::memory_order_relaxed);
  return switch_goroutines(thread, self, next);
}

Thread* yield_to(Thread* thread, Goroutine* goroutine) {
  Goroutine* self = thread->current;
  if (self->has(kForeign) || thread->processor == nullptr || goroutine->has(kForeign)) {
    ready(thread, goroutine);
    return thread;
  }
  thread->processor->queue.push(self);
  push_next(thread->processor, goroutine);
  return switch_away_slow(thread, self, nullptr);
}

bool others_wait(const Thread* thread) {
  const Processor* processor = thread->processor;
  return processor != nullptr &&
         (has_work(processor) || scheduler.global_size.load(std::memory_order_relaxed) > 0);
}

bool runs_alone() { return scheduler.processor_count.load(std::memory_order_relaxed) == 1; }

std::uint32_t random_below(Thread* thread, std::uint32_t bound) {
  if (thread->processor != nullptr) [[likely]]
    return thread->processor->random.below(bound);
  static std::atomic<std::uint64_t> seed{0x2545f4914f6cdd1d};
  base::Random random(seed.fetch_add(0x9e3779b97f4a7c15, std::memory_order_relaxed));
  random.next();
  return random.below(bound);
}

namespace {
std::int64_t wake_sleeper(Timer* timer, std::int64_t) {
  ready_last(base::current_thread(), static_cast<Goroutine*>(timer->argument));
  return 0;
}
}  // namespace

Thread* sleep_until(Thread* thread, std::int64_t when_ns) {
  Timer timer;
  timer.when_ns = when_ns;
  timer.fire = wake_sleeper;
  timer.argument = thread->current;
  timer.system = thread->current->has(kSystem);
  timer.fire_and_forget = true;  // the sleeper's stack is its own again once it is ready
  add_timer(thread, &timer);
  return park(thread, WaitReason::sleep);
}

}  // namespace gort::sched
