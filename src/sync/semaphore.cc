// semaphore: permits, handed out strictly in order.
//
// A short lock, a queue and two numbers. Who releases gives what is free to the first in the queue,
// as far as it goes; nobody overtakes, so a large request is not starved by small ones. One that is
// larger than the whole can never be met: it waits by itself and holds nobody up.
// Runs inside the runtime; parks. Not here: waiting with a context (wait.h).
#include "base/assert.h"
#include "sync/wait_list.h"

namespace gort::detail {

using namespace gort::sync;

namespace {

// Serves the queue from its head. With the lock held.
Claimed grant(semaphore_core& semaphore, WaitList& list) {
  Claimed granted;
  while (Waiter* const waiter = list.queue.first) {
    const auto permits = static_cast<std::int64_t>(waiter->tag);
    if (semaphore.size - semaphore.held < permits) break;
    list.queue.unlink(waiter);
    if (waiter->choice != nullptr && !waiter->choice->claim()) continue;
    semaphore.held += permits;
    granted.add(waiter);
  }
  return granted;
}

// Nobody looks into this queue. False when `ctx` is done.
bool wait_alone(Section& section, const context* ctx) {
  WaitList nobodys;
  Waiter waiter;
  nobodys.lock.lock();
  return wait_in(section, nobodys, waiter, ctx, WaitReason::semacquire);
}

bool take(semaphore_core& semaphore, std::int64_t permits, const context* ctx) {
  Section section;
  if (permits > semaphore.size) return wait_alone(section, ctx);
  WaitList& list = open(semaphore.list);
  list.lock.lock();
  if (semaphore.size - semaphore.held >= permits && list.queue.empty()) {
    semaphore.held += permits;
    list.lock.unlock();
    return true;
  }
  Waiter waiter;
  waiter.tag = static_cast<std::uintptr_t>(permits);
  if (wait_in(section, list, waiter, ctx, WaitReason::semacquire)) return true;
  // Those behind us may fit where we did not.
  list.lock.lock();
  Claimed granted = grant(semaphore, list);
  list.lock.unlock();
  granted.wake_all(section.thread());
  return false;
}

}  // namespace

void semaphore_core::acquire(std::int64_t permits, const context* ctx) {
  if (!take(*this, permits, ctx)) throw_context_error(*ctx);
}

bool semaphore_core::try_acquire(std::int64_t permits) {
  Section section;
  base::Guard guard(open(list).lock);
  if (size - held < permits || !open(list).queue.empty()) return false;
  held += permits;
  return true;
}

void semaphore_core::release(std::int64_t permits) {
  Section section;
  WaitList& l = open(list);
  l.lock.lock();
  const bool too_many = permits > held;
  Claimed granted;
  if (!too_many) {
    held -= permits;
    granted = grant(*this, l);
  }
  l.lock.unlock();
  if (too_many) base::fatal(base::FatalScope::current, "semaphore: released more than held");
  granted.wake_all(section.thread());
}

}  // namespace gort::detail
