// The slow half of a cancellable wait. See wait.h.
//
// The primitive's lock and the done channel's are never held together, so no order between them is
// needed. Runs inside the runtime.
#include "sync/wait.h"

namespace gort::sync {

// The closer of done_ has claimed the choice: nobody else wakes us.
void CancellableWait::resume_done(Waiter* waiter, sched::Thread* thread) {
  auto* wait = static_cast<CancellableWait*>(waiter->slot);
  wait->is_done_ = true;
  sched::ready_last(thread, waiter->goroutine);
}

WaitOutcome CancellableWait::park_for_either(WaitReason reason) {
  done_->lock.lock();
  if (done_->has(kClosed)) {
    done_->lock.unlock();
    if (choice_.claim()) return WaitOutcome::done;
    section_.park(reason);  // the primitive was first: its wake-up is on the way and must be taken
    return WaitOutcome::woken;
  }
  done_waiter_.goroutine = waiter_.goroutine;
  done_waiter_.choice = &choice_;
  done_waiter_.slot = this;
  done_waiter_.resume = resume_done;
  done_->add_receiver(&done_waiter_);
  done_->lock.unlock();

  section_.park(reason);
  if (is_done_) return WaitOutcome::done;
  done_->lock.lock();  // [C7]
  done_->remove(&done_waiter_);
  done_->lock.unlock();
  return WaitOutcome::woken;
}

WaitOutcome CancellableWait::park_cancellable(ElidedLock& lock, WaitReason reason) {
  const WaitOutcome outcome = park_for_either(reason);
  if (outcome == WaitOutcome::done) {
    lock.lock();
    if (waiter_.queue != nullptr) waiter_.queue->unlink(&waiter_);
    lock.unlock();
  }
  return outcome;
}

}  // namespace gort::sync
