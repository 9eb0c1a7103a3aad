// cond: a queue of those who wait for a signal.
//
// Between standing in the queue and parking lies the user's unlock, which is a section of its own
// and may itself make the goroutine wait. So a waiter that is signalled in between is not woken but
// told: it learns of it instead of parking. Who is first, the signal or the parking, is a choice.
//
// States of a waiter:  queued --(unlock returned)--> parking --signal--> woken
//                        '-------signal---> told, does not park
//
// [V3] A waiter is woken only when it has begun to park, without anything in between. One that was
//      told may return at once: whoever told it touches it no more, and it does not touch the cond,
//      which may be gone after a broadcast.
// `waiting` is what a signal looks at first: it is set before the user's lock is released, so who
// changes the condition under that lock sees it.
// Runs inside the runtime, but for the user's unlock. Not here: mutexes (mutex.cc).
#include <optional>

#include "sync/wait_list.h"

namespace gort::detail {

using namespace gort::sync;

namespace {

struct CondWaiter : Waiter {
  Choice parks_or_told;
};

void count(cond_core& cond, std::uint32_t change) {
  cond.waiting.store(cond.waiting.load(std::memory_order_relaxed) + change,
                     std::memory_order_relaxed);
}

// Under the lock.
void take_out(cond_core& cond, Waiter* waiter) {
  open(cond.list).queue.unlink(waiter);
  count(cond, static_cast<std::uint32_t>(-1));
}

enum class Signalled : std::uint8_t { nobody, told, to_wake };

// The signal goes to the first waiter; to be woken if it is in `claimed` then. Under the lock.
Signalled signal_first(cond_core& cond, Claimed& claimed) {
  while (auto* const waiter = static_cast<CondWaiter*>(open(cond.list).queue.first)) {
    take_out(cond, waiter);
    if (waiter->choice != nullptr && !waiter->choice->claim()) continue;
    if (waiter->parks_or_told.claim()) return Signalled::told;  // [V3]
    claimed.add(waiter);
    return Signalled::to_wake;
  }
  return Signalled::nobody;
}

// The user's unlock has thrown. A signal that we got is for the next one.
void give_up(cond_core& cond, Waiter& waiter) {
  bool told;
  {
    Section section;
    base::Guard guard(open(cond.list).lock);
    told = waiter.queue == nullptr;
    if (!told) take_out(cond, &waiter);
  }
  if (told) cond.signal();
}

}  // namespace

bool cond_core::wait(const context* ctx, void (*unlock)(void*), void* lock) {
  CondWaiter waiter;
  std::optional<Section> section(std::in_place);  // left, at the same address, for the unlock
  CancellableWait wait(*section, waiter, done_of(ctx));
  open(list).lock.lock();
  open(list).queue.push_back(&waiter);
  count(*this, 1);
  open(list).lock.unlock();
  section.reset();
  try {
    unlock(lock);
  } catch (...) {
    give_up(*this, waiter);
    throw;
  }
  section.emplace();
  if (!waiter.parks_or_told.claim()) return true;
  const WaitOutcome outcome = wait.park_removing(WaitReason::cond_wait, [&] {
    base::Guard guard(open(list).lock);
    if (waiter.queue != nullptr) take_out(*this, &waiter);
  });
  return outcome == WaitOutcome::woken;
}

void cond_core::signal_slow() {
  Section section;
  Claimed claimed;
  open(list).lock.lock();
  signal_first(*this, claimed);
  open(list).lock.unlock();
  claimed.wake_all(section.thread());
}

void cond_core::broadcast_slow() {
  Section section;
  // Only those that wait now: one that is woken may wait again before we are done.
  Claimed claimed;
  open(list).lock.lock();
  while (signal_first(*this, claimed) != Signalled::nobody) {
  }
  open(list).lock.unlock();
  claimed.wake_all(section.thread());
}

}  // namespace gort::detail
