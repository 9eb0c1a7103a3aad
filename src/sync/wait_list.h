// The queue inside a public lock, seen from src/sync: a short lock and a queue of waiters.
//
// The public headers hold it as zeroed bytes (detail::wait_list), which is its empty state. Runs
// inside the runtime. Not here: waiters and how they are claimed (waiter.h), the table for those
// whose lock has no queue of its own (parking.h).
#pragma once

#include <new>

#include "gort/detail/chan_core.hpp"
#include "gort/detail/sync_core.hpp"
#include "sync/wait.h"

namespace gort::sync {

struct WaitList {
  ElidedLock lock;
  WaitQueue queue;
};
static_assert(sizeof(WaitList) == sizeof(detail::wait_list));
static_assert(alignof(WaitList) <= alignof(detail::wait_list));

inline WaitList& open(detail::wait_list& list) {
  return *std::launder(reinterpret_cast<WaitList*>(list.storage));
}

inline Channel* done_of(const context* ctx) {
  return ctx != nullptr ? detail::done_core(*ctx) : nullptr;
}

// Waiters that were claimed, to be woken when the lock is released, in order: one runs next, a
// crowd goes to the end of the processor's queue. Their memory is gone once they run.
class Claimed {
 public:
  void add(Waiter* waiter) { all_.push_back(waiter); }
  void wake_all(sched::Thread* thread) {
    if (all_.first == all_.last) {
      if (all_.first != nullptr) wake(thread, all_.first);
      return;
    }
    while (Waiter* waiter = all_.first) {
      all_.unlink(waiter);
      sched::ready_last(thread, waiter->goroutine);
    }
  }

 private:
  WaitQueue all_;
};

// Takes all waiters off; those that could not be claimed are being woken by somebody else.
inline Claimed claim_all(WaitQueue& queue) {
  Claimed claimed;
  while (Waiter* waiter = queue.claim_first()) claimed.add(waiter);
  return claimed;
}

// Stands in the queue and parks. Called with the lock held, which is released. False if `ctx` was
// done first; the waiter is out of the queue then.
inline bool wait_in(Section& section, WaitList& list, Waiter& waiter, const context* ctx,
                    WaitReason reason) {
  CancellableWait wait(section, waiter, done_of(ctx));
  list.queue.push_back(&waiter);
  list.lock.unlock();
  return wait.park(list.lock, reason) == WaitOutcome::woken;
}

}  // namespace gort::sync
