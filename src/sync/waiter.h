// Waiting: the node that stands in a queue, and the choice among several queues.
//
// Everything that waits, waits with a Waiter in a WaitQueue: a sender, a receiver, a mutex's next
// owner. The node lies on the stack of the one that waits, so waiting allocates nothing. It is
// doubly linked, so leaving a queue of a million is O(1). A goroutine that waits in several queues
// at once (select, or any wait with a context) has one node in each and one Choice that they share:
// whoever claims the choice first has woken it, the others pass on.
//
// Who waits is a goroutine (or the stand-in of a foreign thread), woken by ready; or, with `resume`
// set, anything that can be resumed by a function: a C++20 coroutine, a callback.
//
// [C1] A Waiter is linked in a queue only under that queue's lock, and so is it unlinked.
// [C2] The one who unlinks a waiter to wake it has claimed its choice, if it has one, and is the
//      only one to wake it; after wake() the node is gone.
// Runs inside the runtime. Not here: parking itself (sched/park.cc), select (select.cc).
#pragma once

#include <atomic>
#include <cstdint>

#include "base/spin_lock.h"
#include "sched/sched.h"

namespace gort::sync {

using base::ElidedLock;
using sched::Section;

struct Choice {
  std::atomic<std::uint32_t> taken{0};

  // True for the first caller only. Any thread inside the runtime.
  bool claim() {
    if (base::runtime_is_exclusive()) {
      if (taken.load(std::memory_order_relaxed) != 0) return false;
      taken.store(1, std::memory_order_relaxed);
      return true;
    }
    return taken.exchange(1, std::memory_order_acq_rel) == 0;
  }
};

struct WaitQueue;

struct Waiter {
  Waiter* next = nullptr;
  Waiter* previous = nullptr;
  WaitQueue* queue = nullptr;  // null while not linked
  sched::Goroutine* goroutine = nullptr;
  Choice* choice = nullptr;  // null: waits here only
  void* slot = nullptr;      // the primitive's: an element's address, a weight
  std::uintptr_t tag = 0;    // the waiter's own: the index of its case
  bool success = false;      // set by the waker: what the wake-up means
  // Null: ready(goroutine). Else called by the waker, inside the runtime, holding no lock; must not
  // park.
  void (*resume)(Waiter* waiter, sched::Thread* thread) = nullptr;
};

// First in, first out. All members under the lock of the object it belongs to.
struct WaitQueue {
  Waiter* first = nullptr;
  Waiter* last = nullptr;

  bool empty() const { return first == nullptr; }

  void push_back(Waiter* waiter) {
    waiter->queue = this;
    waiter->next = nullptr;
    waiter->previous = last;
    (last != nullptr ? last->next : first) = waiter;
    last = waiter;
  }
  void push_front(Waiter* waiter) {
    waiter->queue = this;
    waiter->previous = nullptr;
    waiter->next = first;
    (first != nullptr ? first->previous : last) = waiter;
    first = waiter;
  }
  void unlink(Waiter* waiter) {
    (waiter->previous != nullptr ? waiter->previous->next : first) = waiter->next;
    (waiter->next != nullptr ? waiter->next->previous : last) = waiter->previous;
    waiter->queue = nullptr;
  }
  // The first waiter that could be claimed, unlinked and the caller's to wake [C2]; null if there
  // is none. Waiters whose choice was taken elsewhere are unlinked on the way.
  Waiter* claim_first() {
    while (Waiter* waiter = first) {
      unlink(waiter);
      if (waiter->choice == nullptr || waiter->choice->claim()) return waiter;
    }
    return nullptr;
  }
};

// Makes a claimed waiter go on. Not under the queue's lock if it can be helped: the woken one may
// want it.
[[gnu::always_inline]] inline void wake(sched::Thread* thread, Waiter* waiter) {
  if (waiter->resume != nullptr) [[unlikely]]
    return waiter->resume(waiter, thread);
  sched::ready(thread, waiter->goroutine);
}

}  // namespace gort::sync
