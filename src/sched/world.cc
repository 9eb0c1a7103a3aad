// Claims, the stopped world, and what is done in it.
//
// Everything here is the slow half of the protocol in safepoint.h: set kClaimed, execute a fence on
// every CPU, and look whether the thread is outside. A claim of one processor waits a bounded time,
// since the claimant is a thief inside the runtime; stopping the world waits as long as it takes,
// outside.
// Runs on any thread; the monitor and detaching threads are not attached. Not here: who asks
// (steal.cc, monitor.cc, runtime/).
#include "sched/world.h"

#include <utility>

#include "base/event.h"
#include "base/os_linux.h"
#include "sched/attach.h"
#include "sched/idle.h"
#include "sched/loop.h"
#include "sched/safepoint.h"
#include "sched/stack.h"
#include "sched/wake.h"

namespace gort::sched {
namespace {

base::SpinLock world_lock;           // [W1]
bool world_stopped = false;          // under scheduler.lock
constexpr int kClaimPatience = 200;  // pauses: a section is shorter, unless its thread lost its CPU

}  // namespace

bool world_is_stopped_locked() { return world_stopped; }

bool try_claim(Processor* processor) {
  if (!world_lock.try_lock()) return false;
  Thread* victim;
  {
    base::Guard guard(scheduler.lock);
    victim = processor->thread;
  }
  if (victim != nullptr) {
    victim->attention.fetch_or(kClaimed, std::memory_order_seq_cst);
    base::os::process_barrier();
    // Acquire: pairs with leave's release, so what the owner wrote is ours to see [E1].
    for (int i = 0; i < kClaimPatience; ++i) {
      if (victim->inside.load(std::memory_order_acquire) == 0) {
        // On its scheduler's stack a thread holds its processor in local variables.
        if (victim->processor == processor && victim->in_goroutine()) return true;
        break;
      }
      base::relax();
    }
    victim->attention.fetch_and(~std::uint32_t{kClaimed}, std::memory_order_release);
  }
  world_lock.unlock();
  return false;
}

void release_claim(Processor* processor) {
  // Release: pairs with the acquire in enter; the owner sees what the claimant changed [E1].
  processor->thread->attention.fetch_and(~std::uint32_t{kClaimed}, std::memory_order_release);
  world_lock.unlock();
}

void retake(Processor* processor) {
  Assignment successor;
  {
    base::Guard guard(scheduler.lock);
    Thread* loser = processor->thread;
    detach_processor_locked(loser);
    loser->without_processor = true;
    ++scheduler.without_processor;
    loser->attention.fetch_or(kLost, std::memory_order_relaxed);
    loser->attention.fetch_and(~std::uint32_t{kClaimed}, std::memory_order_release);
    successor = assign_locked(processor, false);
  }
  world_lock.unlock();
  launch(successor);
}

StoppedWorld::StoppedWorld() {
  world_lock.lock();
  Thread* self = base::current_thread();
  {
    base::Guard guard(scheduler.lock);
    world_stopped = true;
    for (Thread* thread = scheduler.all_threads; thread != nullptr; thread = thread->all_next) {
      thread->attention.fetch_or(kClaimed, std::memory_order_seq_cst);
    }
  }
  base::os::process_barrier();
  // New threads start with kClaimed; their records are added at the front, and are outside.
  Thread* first;
  {
    base::Guard guard(scheduler.lock);
    first = scheduler.all_threads;
  }
  for (Thread* thread = first; thread != nullptr; thread = thread->all_next) {
    if (thread == self) continue;
    base::Backoff backoff;
    while (thread->inside.load(std::memory_order_acquire) != 0) backoff.step();
  }
}

StoppedWorld::~StoppedWorld() {
  {
    base::Guard guard(scheduler.lock);
    world_stopped = false;
    for (Thread* thread = scheduler.all_threads; thread != nullptr; thread = thread->all_next) {
      thread->attention.fetch_and(~std::uint32_t{kClaimed}, std::memory_order_release);
    }
  }
  world_lock.unlock();
}

namespace {
bool lock_before(base::SpinLock& lock, std::int64_t deadline_ns) {
  while (!lock.try_lock()) {
    if (base::now_ns() >= deadline_ns) return false;
    base::os::give_way();
  }
  return true;
}
}  // namespace

bool freeze_world(std::int64_t patience_ns) {
  const std::int64_t deadline_ns = base::now_ns() + patience_ns;
  const Thread* self = base::current_thread();
  if (!lock_before(world_lock, deadline_ns)) return false;
  if (!lock_before(scheduler.lock, deadline_ns)) return false;
  world_stopped = true;
  Thread* const first = scheduler.all_threads;
  for (Thread* thread = first; thread != nullptr; thread = thread->all_next) {
    thread->attention.fetch_or(kClaimed, std::memory_order_seq_cst);
  }
  scheduler.lock.unlock();
  base::os::process_barrier();
  for (Thread* thread = first; thread != nullptr; thread = thread->all_next) {
    while (thread != self && thread->inside.load(std::memory_order_acquire) != 0) {
      if (base::now_ns() >= deadline_ns) return false;
      base::os::give_way();
    }
  }
  return true;
}

void update_exclusive(const WorldStopped&) {
  const bool exclusive = scheduler.processor_count.load(std::memory_order_relaxed) == 1 &&
                         scheduler.foreign_count.load(std::memory_order_relaxed) == 0 &&
                         base::simulated() == nullptr;
  base::exclusive_runtime.store(exclusive, std::memory_order_relaxed);
}

namespace {

void new_processor(int index) {
  if (scheduler.processors[index] == nullptr) {
    auto* processor = new Processor();
    processor->index = static_cast<std::uint32_t>(index);
    processor->random = base::Random(static_cast<std::uint64_t>(base::now_ns()) +
                                     static_cast<std::uint64_t>(index) * 0x9e3779b97f4a7c15);
    scheduler.processors[index] = processor;
  }
  scheduler.processors[index]->retired = false;
}

// Its queues go to the global one, its timers to the first processor; its thread, if any, has lost
// it.
void retire_locked(Processor* processor) {
  processor->retired = true;
  if (Goroutine* next = processor->next.load(std::memory_order_relaxed)) {
    processor->next.store(nullptr, std::memory_order_relaxed);
    push_global_locked(next);
  }
  while (Goroutine* goroutine = processor->queue.pop()) push_global_locked(goroutine);
  processor->timers.move_all(&scheduler.processors[0]->timers);
  processor->stacks.flush();
  scheduler.live_elsewhere.fetch_add(processor->live_delta.load(std::memory_order_relaxed),
                                     std::memory_order_relaxed);
  processor->live_delta.store(0, std::memory_order_relaxed);
  Thread* thread = processor->thread;
  if (thread != nullptr) {
    detach_processor_locked(thread);
    // On a scheduler stack it notices by itself; in user code it must queue for another processor.
    if (thread->in_goroutine()) {
      thread->without_processor = true;
      ++scheduler.without_processor;
      thread->attention.fetch_or(kLost, std::memory_order_relaxed);
    }
    return;
  }
  // Given to a thread that has not woken yet: it will find nothing.
  for (Thread* other = scheduler.all_threads; other != nullptr; other = other->all_next) {
    if (other->assigned != processor) continue;
    other->assigned = nullptr;
    // Brought along for a locked goroutine: whoever picks that again brings another.
    if (other->locked_goroutine != nullptr) push_global_locked(other->locked_goroutine);
  }
  for (Processor** link = &scheduler.idle_processors; *link != nullptr;
       link = &(*link)->idle_next) {
    if (*link == processor) {
      *link = processor->idle_next;
      scheduler.idle_count.fetch_sub(1, std::memory_order_relaxed);
      break;
    }
  }
}

}  // namespace

void resize_processors(const WorldStopped& stopped, int count) {
  {
    base::Guard guard(scheduler.lock);
    const int before = scheduler.processor_count.load(std::memory_order_relaxed);
    for (int i = before; i < count; ++i) new_processor(i);
    scheduler.processor_count.store(count, std::memory_order_release);
    for (int i = before; i < count; ++i) put_idle_processor_locked(scheduler.processors[i]);
    for (int i = count; i < before; ++i) retire_locked(scheduler.processors[i]);
  }
  update_exclusive(stopped);
  // What a retired processor left in the global queue may have been what somebody was just woken
  // for.
  wake_one();
  timers_changed(earliest_timer_ns());
}

GoroutineBytes goroutine_bytes() {
  const StackCounts stacks = stack_counts();
  return {scheduler.goroutines.bytes(),
          (stacks.slots + stacks.rooms + stacks.own) * base::os::page_bytes()};
}

void abandon_goroutines(const WorldStopped& stopped) {
  for_each_goroutine(stopped, [](Goroutine* goroutine) {
    if (!goroutine->has(kSystem)) goroutine->set(kAbandoned);
  });
  Goroutine* kept = nullptr;  // the runtime's own that were queued
  const auto keep = [&kept](Goroutine* goroutine) {
    if (goroutine == nullptr || !goroutine->has(kSystem)) return;
    goroutine->next = kept;
    kept = goroutine;
  };
  const int processors = scheduler.processor_count.load(std::memory_order_relaxed);
  for (int i = 0; i < processors; ++i) {
    Processor* processor = scheduler.processors[i];
    keep(processor->next.load(std::memory_order_relaxed));
    processor->next.store(nullptr, std::memory_order_relaxed);
    while (Goroutine* goroutine = processor->queue.pop()) keep(goroutine);
    processor->timers.forget_users();
    processor->live_delta.store(0, std::memory_order_relaxed);
    // Goroutines in user code go on until they enter; then they have no processor and stop for
    // good.
    base::Guard guard(scheduler.lock);
    Thread* thread = processor->thread;
    if (thread != nullptr && thread->in_goroutine()) {
      detach_processor_locked(thread);
      thread->attention.fetch_or(kLost, std::memory_order_relaxed);
      put_idle_processor_locked(processor);
    }
  }
  base::Guard guard(scheduler.lock);
  scheduler.live_elsewhere.store(0, std::memory_order_relaxed);
  for (Goroutine* it = scheduler.global_head; it != nullptr;) {
    keep(std::exchange(it, it->next));
  }
  scheduler.global_head = scheduler.global_tail = nullptr;
  scheduler.global_size.store(0, std::memory_order_relaxed);
  while (kept != nullptr) push_global_locked(std::exchange(kept, kept->next));
  for (Thread* thread = scheduler.all_threads; thread != nullptr; thread = thread->all_next) {
    if (thread->without_processor) {
      thread->without_processor = false;
      --scheduler.without_processor;
    }
  }
}

void boot(const BootOptions& options) {
  entry_needs_fence = !base::os::has_process_barrier() && base::simulated() == nullptr;
  {
    base::Guard guard(scheduler.lock);
    for (int i = 0; i < options.processors; ++i) new_processor(i);
    scheduler.processor_count.store(options.processors, std::memory_order_release);
    for (int i = options.processors - 1; i >= 0; --i) {
      put_idle_processor_locked(scheduler.processors[i]);
    }
  }
  base::exclusive_runtime.store(options.processors == 1 && base::simulated() == nullptr,
                                std::memory_order_relaxed);
  if (base::simulated() == nullptr) start_monitor(options.schedtrace_ns);
}

}  // namespace gort::sched
