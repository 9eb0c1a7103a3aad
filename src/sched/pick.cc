// The rounds in which a processor looks further than its own queue.
//
// One round in 16: due timers are fired, and a chain of goroutines that keep making each other
// ready gives way if the monitor says that its 10 ms are over. One round in 64: the global queue
// goes first, or those without a processor would starve behind a busy queue. Runs inside the
// runtime, owner of the processor.
// Not here: the common round (pick.h).
#include "sched/pick.h"

#include "base/event.h"

namespace gort::sched {

Goroutine* pick_looking_further(Processor* processor, std::uint32_t tick) {
  if (processor->timers.next_ns() != base::kNever) processor->timers.run_due(base::now_ns());
  if (processor->preempt.load(std::memory_order_relaxed)) {
    processor->preempt.store(false, std::memory_order_relaxed);
    if (Goroutine* next = processor->next.load(std::memory_order_relaxed)) {
      processor->next.store(nullptr, std::memory_order_relaxed);
      processor->queue.push(next);
    }
  }
  if ((tick & kGlobalRoundMask) == 0) {
    if (Goroutine* goroutine = take_global(processor)) return goroutine;
  }
  if (Goroutine* next = processor->next.load(std::memory_order_relaxed)) {
    processor->next.store(nullptr, std::memory_order_relaxed);
    return next;
  }
  processor->chain.store(processor->chain.load(std::memory_order_relaxed) + 1,
                         std::memory_order_relaxed);
  return processor->queue.pop();
}

}  // namespace gort::sched
