// Waiting for a lock, a semaphore, a group, or for a context to be done, whichever comes first.
//
// A cancellable wait stands in two queues: the primitive's own and the receivers of the context's
// done channel. Both waiters share one choice, so exactly one of the two sides wakes it. Without a
// context it costs nothing: no choice, one queue.
//
//     Section section;
//     lock_.lock();
//     if (it can proceed) { ...; lock_.unlock(); return; }
//     Waiter waiter;
//     CancellableWait wait(section, waiter, done);   // sets waiter.goroutine and waiter.choice
//     queue_.push_back(&waiter);
//     lock_.unlock();
//     if (wait.park(lock_, WaitReason::semacquire) == WaitOutcome::done) ...   // inside no lock
//
// The other half takes waiters off by queue_.claim_first() and wakes them, as for any waiter.
// [C7] The waiter is out of its queue when park returns, and the two objects may end. With
//      WaitOutcome::woken the primitive gave what was waited for, even if the context is done by
//      now too.
// Runs inside the runtime; park may be called by any attached thread. Not here: select (select.h),
// channels (chan.h).
#pragma once

#include "sync/chan.h"

namespace gort::sync {

enum class WaitOutcome : std::uint8_t { woken, done };

class CancellableWait {
 public:
  // `done`: closed when the wait is to end; null: never. It must outlive the wait.
  CancellableWait(Section& section, Waiter& waiter, Channel* done)
      : section_(section), waiter_(waiter), done_(done) {
    waiter.goroutine = section.goroutine();
    if (done != nullptr) waiter.choice = &choice_;
  }
  CancellableWait(const CancellableWait&) = delete;
  CancellableWait& operator=(const CancellableWait&) = delete;

  // Parks until the waiter was claimed and woken by its primitive or `done` is closed; then it is
  // unlinked under `lock`, its queue's.
  WaitOutcome park(ElidedLock& lock, WaitReason reason) {
    if (done_ != nullptr) [[unlikely]]
      return park_cancellable(lock, reason);
    section_.park(reason);
    return WaitOutcome::woken;
  }
  // The same by a function of yours for unlinking, where taking the waiter out is more than
  // unlink() (a count of waiters). `remove` is called at most once, inside, holding no lock; the
  // waiter may have been unlinked already.
  template <class Remove>
  WaitOutcome park_removing(WaitReason reason, Remove remove) {
    if (done_ == nullptr) {
      section_.park(reason);
      return WaitOutcome::woken;
    }
    const WaitOutcome outcome = park_for_either(reason);
    if (outcome == WaitOutcome::done) remove();
    return outcome;
  }

 private:
  static void resume_done(Waiter* waiter, sched::Thread* thread);
  WaitOutcome park_cancellable(ElidedLock& lock, WaitReason reason);
  WaitOutcome park_for_either(WaitReason reason);

  Section& section_;
  Waiter& waiter_;
  Channel* done_;
  Choice choice_;
  Waiter done_waiter_;    // in the queue of done_
  bool is_done_ = false;  // set by who claimed the choice through done_
};

}  // namespace gort::sync
