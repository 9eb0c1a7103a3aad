// Waking sleeping threads when work appears: when, and above all when not.
//
// A futex wake costs the waker microseconds, a switch nanoseconds. Two goroutines that hand a value
// back and forth make each other ready millions of times a second, and a thread woken for that
// finds nothing it should take. So:
//
// 1. Nobody is woken while somebody is already looking for work (Go's spinning rule), or none is
// idle. 2. Each processor backs off: if the thieves it woke have taken nothing since, it skips
// twice as many occasions
//    next time, up to a bound; a theft resets it.
// 3. What this delays, the monitor finds: a processor that has had waiting work for a tick while
// another is
//    idle (monitor.cc). So a wake-up may be skipped but work is never forgotten.
//
// What is made ready goes to `next` and runs when the one that runs parks: it is stolen only if it
// has been there for a while. Runs inside the runtime, owner of a processor. Not here: stealing
// (steal.cc).
#pragma once

#include "sched/scheduler.h"

namespace gort::sched {

inline constexpr std::uint32_t kMaxSkipNext =
    16384;  // hand-offs to `next`: about a millisecond of them
inline constexpr std::uint32_t kMaxSkipQueue = 4096;  // entries of the queue

void wake_thief(Processor* processor, std::uint32_t max_skip);
// Wakes a thread unless one is looking for work already. Inside the runtime, no lock held.
void wake_one();
// A timer was added from outside that fires at `when_ns`.
void timers_changed(std::int64_t when_ns);

[[gnu::always_inline]] inline void consider_wake(Processor* processor, std::uint32_t max_skip) {
  if (scheduler.idle_count.load(std::memory_order_relaxed) == 0) [[likely]]
    return;
  if (processor->wake_skip > 0) {
    --processor->wake_skip;
    return;
  }
  wake_thief(processor, max_skip);
}

// True if nobody need be woken for one more queue entry; counts it as skipped.
[[gnu::always_inline]] inline bool may_skip_wake(Processor* processor) {
  if (scheduler.idle_count.load(std::memory_order_relaxed) == 0) [[likely]]
    return true;
  if (processor->wake_skip == 0) return false;
  --processor->wake_skip;
  return true;
}

// Puts a goroutine first in line, and what was first at the end of the queue.
[[gnu::always_inline]] inline void push_next(Processor* processor, Goroutine* goroutine) {
  // It is about to run: its frames are on their way while the one that made it ready goes on.
  const char* frames = static_cast<const char*>(goroutine->sp);
  __builtin_prefetch(frames);
  __builtin_prefetch(frames + 64);
  __builtin_prefetch(frames + 128);
  Goroutine* displaced = processor->next.load(std::memory_order_relaxed);
  processor->next.store(goroutine, std::memory_order_relaxed);
  if (displaced != nullptr) {
    processor->queue.push(displaced);
    consider_wake(processor, kMaxSkipQueue);
  } else {
    consider_wake(processor, kMaxSkipNext);
  }
}

}  // namespace gort::sched
