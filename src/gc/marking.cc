// The workers' loop, and sharing the processors with the program.
//
// [MA2] A worker parks only after it has found, under the lock, that marking is closed and has put
//       itself into the list of those to be woken.
// Not here: the order of a cycle (cycle.cc).
#include "gc/marking.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "base/event.h"
#include "base/spin_lock.h"
#include "gc/budget.h"
#include "gc/mark.h"
#include "gc/parked.h"
#include "gc/roots.h"
#include "gc/stacks.h"
#include "sched/world.h"

namespace gort::collector {
namespace {

constexpr std::int64_t kSliceNs = 200'000;
constexpr std::int64_t kTurnNs = 400'000;  // of a worker for which others wait
// Between two looks at whether the world is to be stopped: some ten microseconds of scanning.
constexpr std::uint64_t kStepBytes = 32 << 10;
constexpr std::uint64_t kRootStepBytes = 4 << 10;  // what a piece of the roots counts for
constexpr std::int64_t kNapNs = 50'000;            // while others have what is left
constexpr std::int64_t kReviseNs = 1'000'000;
constexpr std::int64_t kBriefNs = 400'000;

std::atomic<bool> is_open{false};
std::atomic<std::uint32_t> active{0};  // threads that are marking
std::atomic<std::int64_t> revised_ns{0};
// Until when the background has had its share of the processors' time.
std::atomic<std::int64_t> served_until_ns{0};

struct Workers {
  base::SpinLock lock;
  // --- under lock
  Parked* parked = nullptr;
  int started = 0;
};
Workers workers;

void revise_at_times(std::int64_t now_ns) {
  std::int64_t last = revised_ns.load(std::memory_order_relaxed);
  if (now_ns - last < kReviseNs) return;
  if (!revised_ns.compare_exchange_strong(last, now_ns, std::memory_order_relaxed)) return;
  revise();
  if (limiter->needs_update(now_ns)) limiter->update(now_ns);
}

// Of all processors' time in which the share is so many ns of marking.
std::int64_t time_for(std::int64_t marked_ns) {
  const int processors = sched::scheduler.processor_count.load(std::memory_order_relaxed);
  return static_cast<std::int64_t>(double(marked_ns) / (kBackgroundShare * processors));
}

// True for one caller: the next slice is its to do. What was missed for long stays so.
bool take_turn(std::int64_t now_ns) {
  constexpr std::int64_t kMostLate = 4;  // slices
  const std::int64_t slice_ns = time_for(kSliceNs);
  std::int64_t until_ns = served_until_ns.load(std::memory_order_relaxed);
  if (now_ns - until_ns < slice_ns) return false;
  const std::int64_t next_ns = std::max(until_ns + slice_ns, now_ns - kMostLate * slice_ns);
  return served_until_ns.compare_exchange_strong(until_ns, next_ns, std::memory_order_relaxed);
}

// Marks until `kSliceNs` are over; what is found is credited to all. Returns when it ended; 0 if
// there was nothing to do.
std::int64_t mark_slice(sched::Thread* thread, std::int64_t begin_ns) {
  LocalWork& work = local_work(thread);
  std::int64_t now_ns = begin_ns;
  bool found = false;
  while (now_ns - begin_ns < kSliceNs) {
    const std::uint64_t scanned = mark_some(work, thread, kStepBytes);
    if (scanned == 0) break;
    found = true;
    budget.credit.fetch_add(static_cast<std::int64_t>(scanned), std::memory_order_relaxed);
    now_ns = base::now_ns();
    if (thread->attention.load(std::memory_order_relaxed) != 0) break;
  }
  revise_at_times(now_ns);
  return found ? now_ns : 0;
}

// What one goroutine of the collector has done in this cycle.
class Marker {
 public:
  // A slice; false if there was nothing to do.
  bool mark() {
    const std::int64_t begin_ns = base::now_ns();
    std::int64_t end_ns;
    bool others_wait;
    {
      const sched::Section section;
      if (!marking_is_open()) return false;  // [MA1]
      others_wait = sched::others_wait(section.thread());
      end_ns = mark_slice(section.thread(), begin_ns);
    }
    if (end_ns == 0) return false;
    const std::int64_t marked_ns = end_ns - begin_ns;
    add_work_time(others_wait ? Worker::background : Worker::idle, marked_ns);
    served_until_ns.fetch_add(time_for(marked_ns), std::memory_order_relaxed);
    turn_ns_ += marked_ns;
    return true;
  }

  // Gives the processor to the program when the worker's turn is over, for three times as long. A
  // worker that got it late does not make up for that: what is missing assists do, in small pieces.
  void give_way() {
    sched::Thread* thread = sched::enter();
    if (!sched::others_wait(thread)) {
      turn_ns_ = 0;  // time in which nobody waited was nobody's loss
    } else if (turn_ns_ >= kTurnNs) {
      const auto claim_ns =
          static_cast<std::int64_t>(double(turn_ns_) * (1 - kBackgroundShare) / kBackgroundShare);
      turn_ns_ = 0;
      sched::leave(sched::sleep_until(thread, base::now_ns() + claim_ns));
      return;
    }
    sched::leave(sched::yield(thread));
  }

 private:
  std::int64_t turn_ns_ = 0;  // marked while others wait
};

void nap() {
  sched::Thread* const thread = sched::enter();
  sched::leave(sched::sleep_until(thread, base::now_ns() + kNapNs));
}

void park_until_open() {
  sched::Section section;
  Parked self{section.goroutine()};
  {
    base::Guard guard(workers.lock);
    if (marking_is_open()) return;  // [MA2]
    self.next = workers.parked;
    workers.parked = &self;
  }
  section.park(WaitReason::gc_worker);
}

[[noreturn]] void run_worker(void*) {
  {
    const sched::Section section;
    hold_no_references(section.thread());
  }
  Marker marker;
  for (;;) {
    if (marker.mark()) {
      marker.give_way();
    } else if (marking_is_open()) {
      nap();
    } else {
      park_until_open();
    }
  }
}

}  // namespace

bool marking_is_open() { return is_open.load(std::memory_order_relaxed); }

void open_marking(const sched::WorldStopped&) {
  served_until_ns.store(base::now_ns(), std::memory_order_relaxed);
  is_open.store(true, std::memory_order_relaxed);
}
void close_marking(const sched::WorldStopped&) { is_open.store(false, std::memory_order_relaxed); }
void reopen_marking() { is_open.store(true, std::memory_order_release); }

std::uint64_t mark_some(LocalWork& work, sched::Thread* thread, std::uint64_t budget) {
  std::uint64_t done = 0;
  active.fetch_add(1, std::memory_order_relaxed);
  while (done < budget) {
    if (const std::uint64_t scanned = drain(work, std::min(budget - done, kStepBytes))) {
      done += scanned;
    } else if (scan_some_roots(work)) {
      done += kRootStepBytes;
    } else {
      break;
    }
    if (thread->attention.load(std::memory_order_relaxed) != 0) break;
  }
  share(work);
  active.fetch_sub(1, std::memory_order_release);  // pairs with seems_quiet
  return done;
}

void mark_in_turn(sched::Thread* thread) {
  const std::int64_t begin_ns = base::now_ns();
  if (!take_turn(begin_ns)) return;
  if (const std::int64_t end_ns = mark_slice(thread, begin_ns)) {
    add_work_time(Worker::background, end_ns - begin_ns);
  }
}

bool seems_quiet() {
  return active.load(std::memory_order_acquire) == 0 && !has_shared_work() && roots_are_done();
}

void wake_workers() {
  const int wanted = sched::scheduler.processor_count.load(std::memory_order_relaxed) - 1;
  for (;;) {
    {
      const sched::Section section;
      base::Guard guard(workers.lock);
      if (workers.started >= wanted) break;
      ++workers.started;
    }
    sched::spawn_system(run_worker, nullptr);
  }
  sched::Section section;
  Parked* woken;
  {
    base::Guard guard(workers.lock);
    woken = std::exchange(workers.parked, nullptr);
  }
  wake_all(section, woken);
}

bool mark_briefly() {
  Marker marker;
  const std::int64_t end_ns = base::now_ns() + kBriefNs;
  while (base::now_ns() < end_ns) {
    if (!marker.mark()) return seems_quiet();
  }
  return false;
}

void mark_until_quiet() {
  Marker marker;
  for (;;) {
    if (marker.mark()) {
      marker.give_way();
    } else if (seems_quiet()) {
      return;
    } else {
      nap();
    }
  }
}

}  // namespace gort::collector
