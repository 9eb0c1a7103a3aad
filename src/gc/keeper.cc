// Two goroutines and a thread: one gives memory back and parks, one looks at the watch; the thread
// fetches memory for large heaps before it is needed.
//
// Idle pages beyond what the next cycle will need go back in small steps, at a hundredth of a
// processor's time: what a program frees in one moment it may want again in the next, and the
// kernel zeroes each page anew. Where nothing happens for two minutes a cycle is due all the same,
// so that what became garbage last goes away and its destructors run.
//
// The thread is no goroutine's, since fetching cannot be interrupted: a stop of the world would
// wait for it. It is started when a heap is large for the first time. There is none under a memory
// limit, which may be meant for less.
//
// [KE1] The first parks only after it has found, under the lock, that nobody has called it.
// [KE2] The second sets its timer and a new period takes it away under one lock: so it never sleeps
//       for a period that is over.
#include "gc/keeper.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "base/event.h"
#include "base/os_linux.h"
#include "base/spin_lock.h"
#include "gc/budget.h"
#include "gc/cycle.h"
#include "gc/pacer.h"
#include "gc/stacks.h"
#include "heap/heap.h"
#include "sched/world.h"

namespace gort::collector {
namespace {

constexpr std::size_t kStepBytes = std::size_t{1} << 20;
constexpr std::int64_t kShareInverse = 100;
constexpr std::int64_t kLeastNapNs = 2'000'000;
// A period is asked about so often; waking is all that an idle program does. More often if it is
// short, but at most every ten milliseconds.
constexpr std::int64_t kLookNs = 30'000'000'000;
constexpr std::int64_t kLeastLookNs = 10'000'000;

struct Keeper {
  base::SpinLock lock;
  // --- under lock
  sched::Goroutine* parked = nullptr;
  bool called = false;
};
constinit Keeper keeper;

struct Watch {
  base::SpinLock lock;
  // --- under lock [KE2]
  sched::Timer timer;  // wakes who watches; queued while it sleeps
  std::int64_t period_ns = kPeriodNs;
};
constinit Watch watch;

void sleep_for(std::int64_t ns) {
  sched::Thread* const thread = sched::enter();
  sched::leave(sched::sleep_until(thread, base::now_ns() + ns));
}

// Gives back a step of what is too much; false when nothing is.
bool return_step() {
  const sched::Section section;
  const std::size_t bytes = std::min(bytes_to_return(), kStepBytes);
  return bytes != 0 && heap::release_some(bytes) != 0;
}

void return_memory() {
  bool any = false;
  for (;; any = true) {
    const std::int64_t begin_ns = base::now_ns();
    if (!return_step()) break;
    sleep_for(std::max((base::now_ns() - begin_ns) * kShareInverse, kLeastNapNs));
  }
  if (any) return_idle_tables();
}

void wait_for_call() {
  sched::Section section;
  {
    base::Guard guard(keeper.lock);
    if (std::exchange(keeper.called, false)) return;  // [KE1]
    keeper.parked = section.goroutine();
  }
  section.park(WaitReason::gc_worker);
}

void become_collectors() {
  const sched::Section section;
  hold_no_references(section.thread());
}

[[noreturn]] void keep(void*) {
  become_collectors();
  for (;;) {
    wait_for_call();
    return_memory();
  }
}

std::int64_t wake_watcher(sched::Timer* timer, std::int64_t) {
  sched::ready_last(base::current_thread(), static_cast<sched::Goroutine*>(timer->argument));
  return 0;
}

// Sleeps until it is time to look, or the period is another; returns the period.
std::int64_t sleep_until_look() {
  sched::Section section;
  {
    base::Guard guard(watch.lock);
    sched::remove_timer(&watch.timer);  // the callback that has woken us may not have returned
    watch.timer.when_ns = base::now_ns() + std::clamp(watch.period_ns, kLeastLookNs, kLookNs);
    watch.timer.fire = wake_watcher;
    watch.timer.argument = section.goroutine();
    watch.timer.system = true;
    sched::add_timer(section.thread(), &watch.timer);
  }
  section.park(WaitReason::sleep);
  base::Guard guard(watch.lock);
  return watch.period_ns;
}

[[noreturn]] void watch_clock(void*) {
  become_collectors();
  for (;;) {
    const std::int64_t period_ns = sleep_until_look();
    sched::Thread* const thread = sched::enter();
    if (period_is_over(base::now_ns(), period_ns)) {
      sched::leave(request_cycle(thread, Reason::time));
    } else {
      sched::leave(thread);
    }
  }
}

std::atomic<std::uint32_t> fetch_word{0};  // 1: called
std::atomic<bool> fetcher_started{false};

void* fetch(void*) {
  for (;;) {
    while (fetch_word.exchange(0, std::memory_order_acquire) == 0) base::sleep_on(fetch_word, 0);
    while (heap::fetch_some()) {
    }
  }
}

void start_fetcher() {
  if (base::simulated() != nullptr || base::os::start_thread(fetch, nullptr) != 0) return;
  base::Guard guard(sched::scheduler.lock);
  ++sched::scheduler.helper_threads;  // it will never call in: no hope against a deadlock
}

}  // namespace

void call_fetcher() {
  if (!fetcher_started.exchange(true, std::memory_order_relaxed)) start_fetcher();
  // Release: pairs with the exchange in fetch.
  if (fetch_word.exchange(1, std::memory_order_release) == 0) base::wake(fetch_word);
}

void start_keeper() {
  sched::spawn_system(keep, nullptr);
  sched::spawn_system(watch_clock, nullptr);
}

void return_idle_memory(std::size_t bytes) {
  // What others free meanwhile is theirs to return.
  for (std::size_t left = bytes; left > 0;) {
    const sched::Section section;
    const std::size_t returned = heap::release_some(std::min(left, kStepBytes));
    if (returned == 0) return;
    left -= std::min(left, returned);
  }
}

void return_idle_tables() {
  std::size_t page = 0;
  for (bool more = true; more;) {
    const sched::Section section;
    more = heap::release_marks(page);
  }
}

std::int64_t set_period(std::int64_t ns) {
  sched::Section section;
  std::int64_t before;
  sched::Goroutine* woken = nullptr;
  {
    base::Guard guard(watch.lock);
    before = std::exchange(watch.period_ns, ns);
    if (sched::remove_timer(&watch.timer)) {
      woken = static_cast<sched::Goroutine*>(watch.timer.argument);
    }
  }
  if (woken != nullptr) section.ready(woken);
  return before;
}

void wake_keeper() {
  sched::Section section;
  sched::Goroutine* woken;
  {
    base::Guard guard(keeper.lock);
    woken = std::exchange(keeper.parked, nullptr);
    keeper.called = woken == nullptr;
  }
  if (woken != nullptr) section.ready(woken);
}

}  // namespace gort::collector
