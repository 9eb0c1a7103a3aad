// A goroutine that waits for the collector, or for it to go on, in a list by which it is woken.
//
// An entry lies in the frame of its goroutine, which parks after it has put it into the list: it is
// gone as soon as that is woken. Lists are their owners', under the owners' locks.
//
// What is nobody's to announce is waited for by looking again and again.
// [PK1] Those who look may hand the processor to each other, and are inside meanwhile: so each lets
//       whoever wants to stop the world go by first.
// Not here: who waits for what (assist.cc, cycle.cc, finalize.cc, marking.cc).
#pragma once

#include <atomic>
#include <cstdint>

#include "base/event.h"
#include "sched/sched.h"
#include "sched/world.h"

namespace gort::collector {

struct Parked {
  sched::Goroutine* goroutine;
  Parked* next = nullptr;
};

// A list that is nobody else's any more; the last that was put in goes first.
inline void wake_all(sched::Section& section, Parked* woken) {
  while (woken != nullptr) {
    Parked* const next = woken->next;
    section.ready_last(woken->goroutine);
    woken = next;
  }
}

// Gives the processor away for a moment [PK1]; in a section that is not nested.
inline sched::Thread* wait_a_little(sched::Thread* thread) {
  constexpr std::int64_t kNapNs = 50'000;
  if (thread->attention.load(std::memory_order_relaxed) != 0) {
    sched::leave(thread);
    return sched::enter();
  }
  if (sched::others_wait(thread)) return sched::yield(thread);
  return sched::sleep_until(thread, base::now_ns() + kNapNs);
}

}  // namespace gort::collector
