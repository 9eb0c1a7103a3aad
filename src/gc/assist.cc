// What an allocation does for the collector: the answers to the heap's questions.
//
// A refill tells how many bytes it takes. Between cycles that is a comparison with the trigger.
// While marking each byte has a price in scanning; it is paid from the credit of the background
// workers first, then by marking, a bit more than is owed so that it does not come to that at every
// refill. So a program that allocates faster than a quarter of the processors can mark is slowed
// down to the pace at which the heap meets its goal.
//
// Who owes and finds nothing to mark waits for those who have the rest, or for the end; who finds
// the trigger reached, until the cycle has begun. So the heap cannot run away from a collector
// whose threads the system does not let run.
//
// [AS1] Waiting, napping and leaving the section are for sections that are not nested: an
//       allocation in a user's move constructor, under a channel's lock, does the work at hand and
//       nothing else.
// Not here: prices (budget.h), the cycle that is asked for (cycle.h).
#include <algorithm>

#include "base/event.h"
#include "gc/budget.h"
#include "gc/cycle.h"
#include "gc/finalize.h"
#include "gc/gc.h"
#include "gc/keeper.h"
#include "gc/marking.h"
#include "gc/parked.h"
#include "gc/phase.h"
#include "gc/restart.h"
#include "gc/special.h"
#include "gc/stacks.h"
#include "gc/verify.h"
#include "heap/object.h"
#include "sched/halt.h"

namespace gort::collector {
namespace {

using sched::Thread;

// Collections for one allocation that finds no memory: so many that free too little, as what others
// allocate during the first one is in their hands or garbage of the next. Those that free enough do
// not count, for others were faster; but if it never is the memory that is wanted, that ends too.
constexpr unsigned kMostInVain = 3, kMostReclaims = 64;
constexpr std::size_t kLargeBytes = std::size_t{1} << 20;  // takes longer than a moment anyway
// The limit is looked at once per so many bytes.
constexpr std::uint64_t kLimitStepBytes = std::uint64_t{1} << 20;

// [AS1]
bool may_park(const Thread* thread) {
  return thread->inside.load(std::memory_order_relaxed) == 1 && !is_collectors(thread);
}

// Not those that run ends, or the collector's own.
bool may_wait_for_ends(const Thread* thread) {
  return may_park(thread) && !thread->current->has(sched::kSystem);
}

// So much marking is paid for. Where the ratio is off any scale it pays for a lot, which never
// overflows.
void pay(LocalWork& local, std::int64_t work, const AssistRatio& ratio) {
  constexpr double kMost = 0x1p60;
  const double paid = double(local.paid_bytes) + double(work) * ratio.bytes_per_work;
  local.paid_bytes = static_cast<std::int64_t>(std::min(paid, kMost));
}

// One assist's work. False if it found none.
bool assist_once(Thread* thread, std::int64_t work) {
  const std::int64_t begin_ns = base::now_ns();
  LocalWork& local = local_work(thread);
  std::int64_t done = 0;
  while (done < work) {
    const std::uint64_t scanned = mark_some(local, thread, static_cast<std::uint64_t>(work - done));
    if (scanned == 0) break;
    done += static_cast<std::int64_t>(scanned);
    if (thread->attention.load(std::memory_order_relaxed) != 0) break;
  }
  pay(local, done, assist_ratio());
  add_work_time(Worker::assist, base::now_ns() - begin_ns);
  return done > 0;
}

bool is_beyond_goal() {
  return budget.live.load(std::memory_order_relaxed) >
         budget.hard_goal.load(std::memory_order_relaxed);
}

void assist(Thread* thread, std::size_t bytes) {
  if (marking_is_open() && may_park(thread) && !limiter->limiting()) mark_in_turn(thread);
  local_work(thread).paid_bytes -= static_cast<std::int64_t>(bytes);
  while (local_work(thread).paid_bytes < 0 || is_beyond_goal()) {
    if (limiter->limiting()) return;
    if (!marking_is_open()) {
      // While it is decided who is dead there is nothing to do, but to wait all the same.
      if (!is_beyond_goal() || !may_park(thread) || phase() == Phase::idle) return;
      thread = wait_a_little(thread);
      continue;
    }
    LocalWork& local = local_work(thread);
    const AssistRatio ratio = assist_ratio();
    const bool on_credit = !is_beyond_goal();
    AssistShare share = assist_for(ratio, -std::min<std::int64_t>(local.paid_bytes, -1));
    if (const std::int64_t credit = on_credit ? take_credit(share.work) : 0) {
      pay(local, credit, ratio);
      share.work -= credit;
      if (share.work <= 0) return;
    }
    const bool found = assist_once(thread, share.work);
    if (!may_park(thread) || (found && !on_credit)) return;
    if (!found || thread->attention.load(std::memory_order_relaxed) != 0) {
      thread = wait_a_little(thread);
    }
  }
}

// Once per so many bytes: how far the limit is.
bool look_at_limit(std::size_t bytes) {
  static std::atomic<std::uint64_t> since{0};
  if (since.fetch_add(bytes, std::memory_order_relaxed) + bytes < kLimitStepBytes) return false;
  since.store(0, std::memory_order_relaxed);
  revise();
  return !limiter->limiting();
}

// What is idle goes back at once where the process would else be beyond the limit, or a large
// object makes the heap grow beyond its goal since no hole is large enough. In steps, between which
// others can stop the world; where that cannot be, a single one.
Thread* make_room(Thread* thread, std::size_t growth, bool for_limit) {
  constexpr std::size_t kOneStepBytes = std::size_t{1} << 20;
  std::size_t bytes = for_limit ? bytes_over_limit(growth) : 0;
  if (growth != 0) bytes = std::max(bytes, std::min(growth, bytes_to_return(growth)));
  if (bytes == 0) return thread;
  if (!may_park(thread)) {
    heap::release_some(std::min(bytes, kOneStepBytes));
    return thread;
  }
  sched::leave(thread);
  return_idle_memory(bytes);
  return sched::enter();
}

// Dead spans first: who wants much memory sweeps until as much was freed, for a reasonable time.
Thread* sweep_for(Thread* thread, std::size_t bytes) {
  constexpr std::size_t kSpansPerStep = 64, kBytesPerSpan = 512;
  const std::size_t before = heap::swept_bytes();
  for (std::size_t tried = 0; tried < bytes / kBytesPerSpan; tried += kSpansPerStep) {
    if (heap::sweep_is_done() || !heap::sweep_some(kSpansPerStep)) break;
    if (heap::swept_bytes() - before >= bytes) break;
    if (thread->attention.load(std::memory_order_relaxed) == 0) continue;
    sched::leave(thread);
    thread = sched::enter();
  }
  return thread;
}

// Whether somebody who wants so many bytes more is to wait for the beginning of a cycle. If it has
// been asked for already it may begin at any moment: then others go on for a sixteenth beyond the
// trigger, which is about what there is between it and the goal.
bool must_begin(std::size_t wanted) {
  const std::uint64_t trigger = budget.trigger.load(std::memory_order_relaxed);
  const std::uint64_t live = budget.live.load(std::memory_order_relaxed) + wanted;
  return live >= trigger && (!cycle_is_requested() || live - trigger > trigger / 16);
}

bool is_due_for_stress() {
  const unsigned every = collect_every();
  static std::atomic<unsigned> refills{0};
  return every != 0 && refills.fetch_add(1, std::memory_order_relaxed) % every == 0;
}

// A cycle now, from inside a section that is not nested.
void collect_inside(Thread* thread) {
  sched::leave(thread);
  collect_and_wait(Reason::forced);
  sched::enter();
}

// Memory is about to be needed.
void fetch() {
  Thread* const thread = base::current_thread();
  if (!may_park(thread) || has_memory_limit()) return;
  sched::leave(thread);
  call_fetcher();
  sched::enter();
}

class Answers final : public heap::Collector {
  // What is wanted is no part of a cycle that begins before: it is noted when it is about to be
  // there, and pays then.
  void before_refill(std::size_t taken, std::size_t wanted) override {
    Thread* thread = base::current_thread();
    note_allocated(taken);
    const bool for_limit = has_memory_limit() && look_at_limit(taken + wanted);
    std::size_t owed = taken + wanted;
    if (phase() == Phase::idle && may_park(thread)) {
      owed = wanted;
      if (is_due_for_stress()) {
        collect_inside(thread);
      } else if (must_begin(wanted)) {
        begin_cycle_and_wait(thread, wanted >= kLargeBytes);
      }
    }
    note_allocated(wanted);
    if (ends_are_behind() && may_wait_for_ends(base::current_thread())) [[unlikely]]
      wait_for_some_ends(base::current_thread());
    if (phase() != Phase::idle && owed != 0) assist(base::current_thread(), owed);
    if (heap::wants_fetching()) [[unlikely]]
      fetch();
    const bool large = wanted >= kLargeBytes;
    if (!for_limit && !large) return;
    thread = base::current_thread();
    if (large && may_park(thread)) thread = sweep_for(thread, wanted);
    make_room(thread, large ? heap::growth_for(wanted) : 0, for_limit);
  }

  bool reclaim(std::size_t bytes, heap::Reclaims& tried) override {
    Thread* thread = base::current_thread();
    const bool hopeless = tried.in_vain >= kMostInVain || tried.all >= kMostReclaims;
    if (!may_park(thread) || hopeless) return false;
    const std::size_t before = heap::swept_bytes();
    collect_inside(thread);
    ++tried.all;
    tried.in_vain += heap::swept_bytes() - before < bytes;
    // What is due keeps its memory until it has run, and the next attempt's collection.
    thread = base::current_thread();
    if (may_wait_for_ends(thread)) wait_for_due_ends(thread);
    return true;
  }

  void slot_died(void* object, std::uint8_t flags) override { collector::slot_died(object, flags); }
};
constinit Answers answers;

}  // namespace

void boot(const Settings& settings) {
  boot_budget(settings);
  sched::set_scanner(scan_before_running);
  sched::set_restart(restart_address);
  watch_for_exit();
  heap::set_collector(&answers);
}

}  // namespace gort::collector
