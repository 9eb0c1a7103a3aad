// The slow half of waking: a thread is really going to be woken.
//
// Whether the last wake-up helped is known by what thieves have taken from this processor since.
// Runs inside the runtime, owner of the processor, or on a thread without one (wake_one). Not here:
// the policy (wake.h).
#include "sched/wake.h"

namespace gort::sched {

void wake_one() {
  if (scheduler.idle_count.load(std::memory_order_seq_cst) == 0) return;
  int none = 0;
  if (!scheduler.spinning.compare_exchange_strong(none, 1, std::memory_order_seq_cst)) return;
  Assignment thief;
  {
    base::Guard guard(scheduler.lock);
    if (Processor* processor = take_idle_processor_locked()) {
      thief = assign_locked(processor, true);
    }
  }
  if (thief.thread == nullptr) {
    scheduler.spinning.fetch_sub(1, std::memory_order_seq_cst);
    return;
  }
  launch(thief);
}

void wake_thief(Processor* processor, std::uint32_t max_skip) {
  if (scheduler.spinning.load(std::memory_order_relaxed) != 0) return;
  const std::uint32_t stolen = processor->stolen.load(std::memory_order_relaxed);
  if (stolen != 0) {
    processor->stolen.store(0, std::memory_order_relaxed);
    processor->wake_backoff = 1;
  } else {
    processor->wake_backoff *= 2;
    if (processor->wake_backoff > max_skip) processor->wake_backoff = max_skip;
  }
  processor->wake_skip = processor->wake_backoff;
  wake_one();
}

void timers_changed(std::int64_t when_ns) {
  Assignment keeper;
  {
    base::Guard guard(scheduler.lock);
    if (when_ns >= scheduler.timekeeper_until_ns) return;
    if (Processor* processor = take_idle_processor_locked()) {
      keeper = assign_locked(processor, false);
    }
  }
  if (keeper.thread != nullptr) launch(keeper);  // it fires what is due, then keeps the time
}

}  // namespace gort::sched
