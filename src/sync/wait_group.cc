// wait_group, and the gate behind a task: waiting for an end.
//
// The count and the number of waiters are one word. Adding and subtracting are what programs do by
// the million, so they take no lock and are inline (gort/detail/sync_core.hpp); they run outside
// the runtime, so every change of the word is an atomic read-modify-write.
//
// [V4] Only the step that brings the count to zero while somebody waits is made under the list's
//      lock, and in one step with the number of waiters. Any other step is the last thing that its
//      caller does with the group: as soon as the count is zero, a waiter may return and end it.
// [V5] A wait that finds zero takes and releases the lock before it returns: whoever brought the
//      count to zero under it has let go of the group then.
// Runs inside the runtime; parks. Not here: mutex.cc, rw_mutex.cc.
#include "base/assert.h"
#include "sync/wait_list.h"

namespace gort::detail {

using namespace gort::sync;

namespace {

constexpr std::int32_t count_of(std::uint64_t state) {
  return static_cast<std::int32_t>(state >> 32);
}
constexpr std::uint32_t waiters_of(std::uint64_t state) {
  return static_cast<std::uint32_t>(state);
}
constexpr bool releases(std::uint64_t next) { return count_of(next) == 0 && waiters_of(next) != 0; }

[[noreturn]] void fatal_negative() {
  base::fatal(base::FatalScope::current, "sync: negative WaitGroup counter");
}

}  // namespace

// Negative, or it seems that this change lets the waiters go [V4].
void wait_group_core::add_slow(std::uint64_t change) {
  Section section;
  Claimed claimed;
  WaitList& l = open(list);
  l.lock.lock();
  std::uint64_t before = state.load(std::memory_order_relaxed);
  std::uint64_t next;
  do {
    next = before + change;
  } while (!state.compare_exchange_weak(before, releases(next) ? 0 : next,
                                        std::memory_order_acq_rel, std::memory_order_relaxed));
  if (releases(next)) claimed = claim_all(l.queue);
  l.lock.unlock();
  claimed.wake_all(section.thread());
  if (count_of(next) < 0) fatal_negative();
}

void wait_group_core::wait(const context* ctx) {
  bool woken;
  {
    Section section;
    WaitList& l = open(list);
    l.lock.lock();
    if (count_of(state.fetch_add(1, std::memory_order_acq_rel)) == 0) {
      state.fetch_sub(1, std::memory_order_relaxed);
      l.lock.unlock();  // [V5]
      return;
    }
    Waiter waiter;
    CancellableWait wait(section, waiter, done_of(ctx));
    l.queue.push_back(&waiter);
    l.lock.unlock();
    const WaitOutcome outcome = wait.park_removing(WaitReason::wait_group_wait, [&] {
      base::Guard guard(l.lock);
      if (waiter.queue == nullptr) return;  // the word does not count us any more
      l.queue.unlink(&waiter);
      state.fetch_sub(1, std::memory_order_relaxed);
    });
    woken = outcome == WaitOutcome::woken;
  }
  if (!woken) throw_context_error(*ctx);
}

void gate_core::open() {
  Section section;
  WaitList& l = sync::open(list);
  l.lock.lock();
  is_open.store(true, std::memory_order_release);
  Claimed claimed = claim_all(l.queue);
  l.lock.unlock();
  claimed.wake_all(section.thread());
}

void gate_core::wait_slow(const context* ctx) {
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
