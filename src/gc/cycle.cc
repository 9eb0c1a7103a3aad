// The coordinator.
//
// [CY1] The first two stops of a cycle use nothing that a halted thread may hold: everything that
//       they call works on mapped memory and on spin locks that are held in sections only ([HT1] in
//       sched/halt.h).
// [CY2] `asked` counts questions, `ended` the cycles that began after a question and have been
//       swept; both under the lock.
// While a cycle runs the coordinator counts as woken from outside: others may wait for it, and it
// naps. Not here: marking (marking.cc), freeing (heap/sweep.cc).
#include "gc/cycle.h"

#include <atomic>
#include <optional>
#include <utility>

#include "base/event.h"
#include "base/spin_lock.h"
#include "gc/budget.h"
#include "gc/gc.h"
#include "gc/keeper.h"
#include "gc/marking.h"
#include "gc/parked.h"
#include "gc/phase.h"
#include "gc/roots.h"
#include "gc/special.h"
#include "gc/stacks.h"
#include "gc/stats.h"
#include "gc/verify.h"
#include "gc/work.h"
#include "heap/object.h"
#include "sched/halt.h"
#include "sched/world.h"

namespace gort::collector {
namespace {

using sched::HaltedThreads;
using sched::Section;
using sched::StoppedWorld;

constexpr std::size_t kSpansPerStep = 8;
constexpr std::int64_t kSweepSliceNs = 200'000;

struct Caller : Parked {
  std::uint64_t number = 0;  // of the cycle that it waits for
  bool patient = false;      // for a moment of marking as well
};

struct Coordinator {
  base::SpinLock lock;
  // --- under lock
  sched::Goroutine* parked = nullptr;  // it waits for a question
  bool started = false;
  bool wanted = false;
  bool beginning = false;  // one was wanted, and has not begun
  Reason reason = Reason::heap;
  std::uint64_t begun = 0, marked = 0, ended = 0;  // cycles [CY2]
  Parked* callers = nullptr;                       // until a cycle has been swept
  Parked* watchers = nullptr;                      // until one has been marked
  Parked* starters = nullptr;                      // until one has begun, or a little longer
  // --- atomic
  std::atomic<bool> asked{false};  // a hint: wanted or beginning
  std::atomic<bool> hurry{false};  // somebody waits for the sweep
};
constinit Coordinator coordinator;

void (*before_cycle)() = [] {};  // set once

// Sweeps what is left, in slices. If others want the processor they have three quarters of it, but
// for the sweep before a cycle: until that is over the heap grows beyond its trigger.
void sweep(bool before_cycle) {
  for (;;) {
    sched::Thread* const thread = sched::enter();
    const std::int64_t begin_ns = base::now_ns();
    std::int64_t now_ns = begin_ns;
    bool more = true;
    while (more && now_ns - begin_ns < kSweepSliceNs &&
           thread->attention.load(std::memory_order_relaxed) == 0) {
      more = heap::sweep_some(kSpansPerStep);
      now_ns = base::now_ns();
    }
    if (!more) {
      heap::sweep_all();  // waits for those who have taken a span
      return sched::leave(thread);
    }
    const bool gives_way = !before_cycle && !coordinator.hurry.load(std::memory_order_relaxed) &&
                           sched::others_wait(thread);
    sched::leave(gives_way ? sched::sleep_until(thread, now_ns + 3 * kSweepSliceNs) : thread);
  }
}

// Everything that was unreached in the cycle before is gone, caches' spans included.
void finish_sweep(const sched::WorldStopped&) {
  heap::for_each_cache([](heap::Cache& cache, void*) { heap::sweep_cached(cache); }, nullptr);
}

void flip() {
  const std::int64_t asked_ns = base::now_ns();
  std::optional<StoppedWorld> stopped;
  stopped.emplace();
  HaltedThreads halted(stopped->token());  // [CY1] from here
  finish_sweep(stopped->token());
  begin_marking(stopped->token());
  verify_flip(stopped->token(), halted);
  note_start(stopped->token());
  begin_roots(stopped->token());
  open_marking(stopped->token());
  claim_halted(halted);
  LocalWork& work = local_work(base::current_thread());
  scan_waiting_threads(work, halted);
  stopped.reset();
  scan_and_release(work, halted);
  note_stop(Stop::start, base::now_ns() - asked_ns);
}

using WorldStopped = sched::WorldStopped;

void decide(const WorldStopped& world) {
  begin_deciding(world);
  close_marking(world);
  note_decided(world);
}

void end(const WorldStopped& world) {
  verify_heap(world);
  close_marking(world);
  end_marking(world);
  note_end(world);
  heap::start_sweep();
}

// Stops the world and goes on with the cycle; false if there is something left to mark.
bool try_to(void (*go_on)(const WorldStopped&)) {
  const std::int64_t asked_ns = base::now_ns();
  bool empty;
  {
    const StoppedWorld stopped;
    empty = collect_and_check_empty(stopped.token());
    if (empty) go_on(stopped.token());
  }
  note_stop(Stop::end, base::now_ns() - asked_ns);
  return empty;
}

void wake_starters() {
  Section section;
  Parked* woken;
  {
    base::Guard guard(coordinator.lock);
    coordinator.beginning = false;
    coordinator.asked.store(coordinator.wanted, std::memory_order_relaxed);
    woken = std::exchange(coordinator.starters, nullptr);
  }
  wake_all(section, woken);
}

// Whether those who wait for the beginning are to wait for a moment of marking, too. Many a cycle
// is over by then, and what they want is no part of it: if it is large, that halves the heap, and
// on one processor the marking is to be done first anyway.
bool is_worth_a_moment() {
  if (sched::scheduler.processor_count.load(std::memory_order_relaxed) == 1) return true;
  const Section section;
  base::Guard guard(coordinator.lock);
  for (const Parked* it = coordinator.starters; it != nullptr; it = it->next) {
    if (static_cast<const Caller*>(it)->patient) return true;
  }
  return false;
}

// Marks, unless all is quiet already, until the world agrees. Who waits is not to wait for that.
void mark_until(void (*go_on)(const WorldStopped&), bool quiet) {
  for (;; quiet = false) {
    if (!quiet) {
      wake_starters();
      mark_until_quiet();
    }
    if (try_to(go_on)) return;
  }
}

void mark() {
  wake_workers();
  mark_until(decide, is_worth_a_moment() && mark_briefly());
  gather_dead();
  if (has_prompt_ends()) {
    if (has_gathered()) {
      reopen_marking();
      mark_until(close_marking, !has_shared_work());
    }
    run_prompt_ends();
  }
  reopen_marking();
  mark_until(end, !has_shared_work());
  wake_starters();
}

// Those to whom the end of marking was enough go on.
void wake_watchers(std::uint64_t number) {
  Section section;
  Parked* woken;
  {
    base::Guard guard(coordinator.lock);
    coordinator.marked = number;
    woken = std::exchange(coordinator.watchers, nullptr);
  }
  wake_all(section, woken);
}

void run_cycle(Reason reason, std::uint64_t number) {
  sweep(true);
  before_cycle();
  begin_cycle(base::now_ns());
  flip();
  mark();
  finish_cycle(reason);
  wake_watchers(number);
  publish_gathered();
  queue_finalizers();
  sweep(false);
  // Caches' spans are swept by their owners, or at the next flip; cleanups of what is in them wait.
  if (coordinator.hurry.load(std::memory_order_relaxed)) {
    const std::int64_t asked_ns = base::now_ns();
    {
      const StoppedWorld stopped;
      finish_sweep(stopped.token());
    }
    note_late_pause(base::now_ns() - asked_ns);
  }
  {
    const Section section;
    note_sweep_done();
  }
  queue_finalizers();
}

// Those whose cycle has ended go on.
void wake_callers(Section& section, std::uint64_t ended) {
  Parked* woken = nullptr;
  {
    base::Guard guard(coordinator.lock);
    coordinator.ended = ended;
    for (Parked** link = &coordinator.callers; *link != nullptr;) {
      auto* const caller = static_cast<Caller*>(*link);
      if (caller->number > ended) {
        link = &caller->next;
        continue;
      }
      *link = caller->next;
      caller->next = woken;
      woken = caller;
    }
    if (coordinator.callers == nullptr) {
      coordinator.hurry.store(false, std::memory_order_relaxed);
    }
  }
  wake_all(section, woken);
}

// Parks until a cycle is wanted; returns its number.
std::uint64_t wait_for_question(Reason* reason) {
  for (;;) {
    Section section;
    {
      base::Guard guard(coordinator.lock);
      if (coordinator.wanted) {
        coordinator.wanted = false;
        coordinator.beginning = true;
        *reason = coordinator.reason;
        coordinator.reason = Reason::heap;
        coordinator.parked = nullptr;
        return ++coordinator.begun;
      }
      coordinator.parked = section.goroutine();
    }
    section.park(WaitReason::gc_worker);
  }
}

[[noreturn]] void coordinate(void*) {
  {
    const Section section;
    hold_no_references(section.thread());
  }
  for (;;) {
    Reason reason = Reason::heap;
    const std::uint64_t number = wait_for_question(&reason);
    sched::add_external_waiter(1);
    run_cycle(reason, number);
    {
      Section section;
      wake_callers(section, number);
    }
    sched::add_external_waiter(-1);
    wake_keeper();
  }
}

// Inside a section. The coordinator runs if it was parked.
void want_cycle_locked(Reason reason, sched::Goroutine** woken) {
  coordinator.asked.store(true, std::memory_order_relaxed);
  coordinator.wanted = true;
  if (reason == Reason::forced || coordinator.reason == Reason::heap) coordinator.reason = reason;
  *woken = std::exchange(coordinator.parked, nullptr);
}

void start_once() {
  {
    const Section section;
    base::Guard guard(coordinator.lock);
    if (std::exchange(coordinator.started, true)) return;
  }
  sched::spawn_system(coordinate, nullptr);
  start_keeper();
}

}  // namespace

void set_before_cycle(void (*prepare)()) { before_cycle = prepare; }

sched::Thread* request_cycle(sched::Thread* thread, Reason reason) {
  if (coordinator.asked.load(std::memory_order_relaxed)) return thread;
  sched::Goroutine* woken = nullptr;
  bool started;
  {
    base::Guard guard(coordinator.lock);
    want_cycle_locked(reason, &woken);
    started = coordinator.started;
  }
  if (!started) {
    sched::leave(thread);
    start_once();
    thread = sched::enter();
  } else if (woken != nullptr) {
    sched::ready(thread, woken);
  }
  return thread;
}

bool cycle_is_requested() { return coordinator.asked.load(std::memory_order_relaxed); }

sched::Thread* begin_cycle_and_wait(sched::Thread* thread, bool patient) {
  sched::leave(thread);
  start_once();
  thread = sched::enter();
  // Inside, it stays so until we park: the flip needs us outside.
  if (phase() != Phase::idle) return thread;
  sched::Goroutine* woken = nullptr;
  Caller caller{{thread->current}, 0, patient};
  {
    base::Guard guard(coordinator.lock);
    caller.next = coordinator.starters;
    coordinator.starters = &caller;
    if (!coordinator.beginning) want_cycle_locked(Reason::heap, &woken);
  }
  if (woken != nullptr) sched::ready(thread, woken);
  return sched::park(thread, WaitReason::gc_cycle);
}

void collect_and_wait(Reason reason) {
  start_once();
  Section section;
  sched::Goroutine* woken = nullptr;
  Caller caller{{section.goroutine()}};
  {
    base::Guard guard(coordinator.lock);
    caller.number = coordinator.begun + 1;
    caller.next = coordinator.callers;
    coordinator.callers = &caller;
    coordinator.hurry.store(true, std::memory_order_relaxed);
    want_cycle_locked(reason, &woken);
  }
  if (woken != nullptr) section.ready(woken);
  section.park(WaitReason::gc_cycle);
}

void wait_for_marking() {
  Section section;
  std::uint64_t last = 0;  // of the cycles that are meant
  for (;;) {
    Parked self{section.goroutine()};
    {
      base::Guard guard(coordinator.lock);
      if (last == 0) last = coordinator.begun + (coordinator.wanted ? 1 : 0);
      if (coordinator.marked >= last) return;
      self.next = coordinator.watchers;
      coordinator.watchers = &self;
    }
    section.park(WaitReason::gc_cycle);
  }
}

bool is_collectors(const sched::Thread* thread) { return thread->current->has(sched::kUnscanned); }

}  // namespace gort::collector
