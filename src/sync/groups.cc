// cond, wait_group, semaphore, and the gate behind a task: queues with a small state.
//
// Each is a short lock, a queue and a few words. What was waited for is handed over with the wake-up, so order is
// first in, first out. wait_group counts outside the lock, since add and done are what programs call by the million.
//
// [V1] A wait_group's count and its number of waiters are one word, so whoever brings the count to zero learns in the same
//      instruction whether anybody waits; if not, it never touches the group again: it may be gone.
// Runs inside the runtime; parks. Not here: mutex.cc, rw_mutex.cc.
#include "base/assert.h"
#include "sync/wait_list.h"

namespace gort::detail {

using namespace gort::sync;

namespace {

// Wakes those that `all` holds; they may be gone as soon as they run.
void wake_all(Section& section, WaitQueue& all) {
  while (Waiter* waiter = all.first) {
    all.unlink(waiter);
    wake(section.thread(), waiter);
  }
}

// With the list's lock held on entry, released on return. False if `ctx` was done first.
bool wait_in(Section& section, WaitList& list, Waiter& waiter, const context* ctx,
             WaitReason reason) {
  CancellableWait wait(section, waiter, done_of(ctx));
  list.queue.push_back(&waiter);
  list.lock.unlock();
  return wait.park(list.lock, reason) == WaitOutcome::woken;
}

}  // namespace

// --- cond ------------------------------------------------------------------------------------------

bool cond_core::wait(const context* ctx, void (*unlock)(void*), void* lock) {
  // In the queue before the lock is released: a signal after that finds us. The section is not left in between, user's
  // unlock or not: one who has been made ready and is not parked yet must get there without waiting for anybody,
  // because whoever resumes it waits inside the runtime until it has (park.cc).
  Section section;
  Waiter waiter;
  CancellableWait wait(section, waiter, done_of(ctx));
  open(list).lock.lock();
  open(list).queue.push_back(&waiter);
  open(list).lock.unlock();
  unlock(lock);
  return wait.park(open(list).lock, WaitReason::cond_wait) == WaitOutcome::woken;
}

void cond_core::signal() {
  Section section;
  open(list).lock.lock();
  Waiter* waiter = open(list).queue.claim_first();
  open(list).lock.unlock();
  if (waiter != nullptr) wake(section.thread(), waiter);
}

void cond_core::broadcast() {
  Section section;
  // Only those that wait now: one that is woken may wait again before we are done.
  WaitQueue all;
  open(list).lock.lock();
  while (Waiter* waiter = open(list).queue.claim_first()) all.push_back(waiter);
  open(list).lock.unlock();
  wake_all(section, all);
}

// --- wait_group ------------------------------------------------------------------------------------

void wait_group_core::add(std::int64_t delta) {
  sched::Thread* thread = sched::enter();
  const std::uint64_t change = static_cast<std::uint64_t>(delta) << 32;
  std::uint64_t now;
  if (base::runtime_is_exclusive()) {
    now = state.load(std::memory_order_relaxed) + change;
    state.store(now, std::memory_order_relaxed);
  } else {
    now = state.fetch_add(change, std::memory_order_acq_rel) + change;
  }
  sched::leave(thread);
  const auto count = static_cast<std::int32_t>(now >> 32);
  if (count > 0 || (now & UINT32_MAX) == 0) [[likely]] {
    if (count >= 0) return;
  }
  if (count < 0) base::fatal(base::FatalScope::current, "sync: negative WaitGroup counter");
  // The last ones out. They are alive until they are woken, and so is the group; not a moment longer.
  Section section;
  WaitQueue all;
  open(list).lock.lock();
  while (Waiter* waiter = open(list).queue.claim_first()) {
    all.push_back(waiter);
    state.fetch_sub(1, std::memory_order_relaxed);
  }
  open(list).lock.unlock();
  wake_all(section, all);
}

void wait_group_core::wait(const context* ctx) {
  bool woken;
  {
    Section section;
    if (state.load(std::memory_order_acquire) >> 32 == 0) return;
    WaitList& l = open(list);
    l.lock.lock();
    // Counted as waiting in the word that holds the count: whoever brings that to zero sees us [V1].
    const std::uint64_t before = state.fetch_add(1, std::memory_order_acq_rel);
    if (before >> 32 == 0) {
      state.fetch_sub(1, std::memory_order_relaxed);
      l.lock.unlock();
      return;
    }
    Waiter waiter;
    woken = wait_in(section, l, waiter, ctx, WaitReason::wait_group_wait);
    if (!woken) state.fetch_sub(1, std::memory_order_relaxed);
  }
  if (!woken) throw_context_error(*ctx);
}

// --- semaphore -------------------------------------------------------------------------------------

namespace {

// Lets in those at the head of the queue for whom there is room. With the lock held; returns them.
WaitQueue grant(semaphore_core& semaphore, WaitList& list) {
  WaitQueue granted;
  while (Waiter* waiter = list.queue.first) {
    const auto permits = static_cast<std::int64_t>(waiter->tag);
    if (semaphore.size - semaphore.held < permits) break;  // strictly in order: large requests are not starved
    list.queue.unlink(waiter);
    if (waiter->choice != nullptr && !waiter->choice->claim()) continue;
    semaphore.held += permits;
    granted.push_back(waiter);
  }
  return granted;
}

}  // namespace

void semaphore_core::acquire(std::int64_t permits, const context* ctx) {
  bool got = false;
  {
    Section section;
    WaitList& l = open(list);
    l.lock.lock();
    if (size - held >= permits && l.queue.empty()) {
      held += permits;
      l.lock.unlock();
      return;
    }
    Waiter waiter;
    waiter.tag = static_cast<std::uintptr_t>(permits);
    got = wait_in(section, l, waiter, ctx, WaitReason::semacquire);
    if (!got) {
      // Those behind us may fit where we did not.
      l.lock.lock();
      WaitQueue granted = grant(*this, l);
      l.lock.unlock();
      wake_all(section, granted);
    }
  }
  if (!got) throw_context_error(*ctx);
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
  held -= permits;
  const bool too_many = held < 0;
  WaitQueue granted;
  if (!too_many) granted = grant(*this, l);
  l.lock.unlock();
  if (too_many) base::fatal(base::FatalScope::current, "semaphore: released more than held");
  wake_all(section, granted);
}

// --- gate ------------------------------------------------------------------------------------------

void gate_core::set() {
  Section section;
  WaitList& l = open(list);
  l.lock.lock();
  is_open.store(true, std::memory_order_release);
  WaitQueue all;
  while (Waiter* waiter = l.queue.claim_first()) all.push_back(waiter);
  l.lock.unlock();
  wake_all(section, all);
}

void gate_core::wait(const context* ctx) {
  if (is_open.load(std::memory_order_acquire)) return;
  bool woken;
  {
    Section section;
    WaitList& l = sync::open(list);
    l.lock.lock();
    if (is_open.load(std::memory_order_relaxed)) {
      l.lock.unlock();
      return;
    }
    Waiter waiter;
    woken = wait_in(section, l, waiter, ctx, WaitReason::task_wait);
  }
  if (!woken) throw_context_error(*ctx);
}

}  // namespace gort::detail
