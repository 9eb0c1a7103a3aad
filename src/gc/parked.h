// A goroutine that waits for the collector, or for it to go on, in a list by which it is woken.
//
// An entry lies in the frame of its goroutine, which parks after it has put it into the list: it is
// gone as soon as that is woken. Lists are their owners', under the owners' locks. Not here: who
// waits for what (cycle.cc, marking.cc).
#pragma once

#include "sched/sched.h"

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

}  // namespace gort::collector
