// Who runs next on a processor, when the answer is near at hand.
//
// The order: whoever the last one made ready (`next`), then the queue. Every 16th round looks
// further: at the timers, at the global queue, and at whether the chain through `next` has had its
// time slice; so a pair of goroutines that feed each other cannot starve the queue, nor the queue
// the global one.
//
// Runs inside the runtime, owner of the processor; on a goroutine's stack when one parks, on the
// scheduler's when nothing was near. Not here: looking elsewhere (steal.cc, idle.cc).
#pragma once

#include "sched/scheduler.h"

namespace gort::sched {

inline constexpr std::uint32_t kLookRoundMask = 15;    // timers
inline constexpr std::uint32_t kGlobalRoundMask = 63;  // global queue; Go's is 61

Goroutine* pick_looking_further(Processor* processor, std::uint32_t tick);

// Null if there is nothing here.
[[gnu::always_inline]] inline Goroutine* pick(Processor* processor) {
  const std::uint32_t tick = processor->tick.load(std::memory_order_relaxed) + 1;
  processor->tick.store(tick, std::memory_order_relaxed);
  if ((tick & kLookRoundMask) == 0 || processor->preempt.load(std::memory_order_relaxed))
      [[unlikely]] {
    return pick_looking_further(processor, tick);
  }
  if (Goroutine* next = processor->next.load(std::memory_order_relaxed)) {
    processor->next.store(nullptr, std::memory_order_relaxed);
    return next;
  }
  processor->chain.store(processor->chain.load(std::memory_order_relaxed) + 1,
                         std::memory_order_relaxed);
  return processor->queue.pop();
}

// True for one that may not simply be resumed here: locked to a thread, or of a run that is over.
[[gnu::always_inline]] inline bool needs_care(const Goroutine* goroutine) {
  return goroutine->has(kLocked | kAbandoned);
}

}  // namespace gort::sched
