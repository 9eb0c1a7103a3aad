// Goroutines that no processor has: made ready from outside, or left behind.
//
// A list through the records, behind the scheduler's lock. Processors look at its size now and then
// (pick.h) and take a share, not one, so that the lock is not taken per goroutine. Runs inside the
// runtime or on threads of the scheduler's own. Not here: who is woken for it (wake.cc).
#include "sched/scheduler.h"

namespace gort::sched {

namespace {
constexpr std::uint32_t kMaxShare = 128;  // Go's
}

void push_global_locked(Goroutine* goroutine) {
  goroutine->next = nullptr;
  if (scheduler.global_tail != nullptr) {
    scheduler.global_tail->next = goroutine;
  } else {
    scheduler.global_head = goroutine;
  }
  scheduler.global_tail = goroutine;
  scheduler.global_size.store(scheduler.global_size.load(std::memory_order_relaxed) + 1,
                              std::memory_order_relaxed);
}

void push_global(Goroutine* goroutine) {
  base::Guard guard(scheduler.lock);
  push_global_locked(goroutine);
}

Goroutine* take_global(Processor* processor) {
  if (scheduler.global_size.load(std::memory_order_relaxed) == 0) return nullptr;
  base::Guard guard(scheduler.lock);
  const std::uint32_t size = scheduler.global_size.load(std::memory_order_relaxed);
  const auto processors =
      static_cast<std::uint32_t>(scheduler.processor_count.load(std::memory_order_relaxed));
  std::uint32_t share = size / processors + 1;
  if (share > size) share = size;
  if (share > kMaxShare) share = kMaxShare;
  Goroutine* first = scheduler.global_head;
  for (std::uint32_t i = 0; i < share; ++i) {
    Goroutine* goroutine = scheduler.global_head;
    scheduler.global_head = goroutine->next;
    if (i > 0) processor->queue.push(goroutine);
  }
  if (scheduler.global_head == nullptr) scheduler.global_tail = nullptr;
  scheduler.global_size.store(size - share, std::memory_order_relaxed);
  return first;
}

}  // namespace gort::sched
