// Feeding the pacer.
//
// What is scanned is summed over threads on demand; what is allocated is one counter that refills
// add to, once per some kilobytes. Stacks count as they were scanned in the last cycle: nobody
// keeps books about them meanwhile; the memory that they take is at least a page for each.
// Not here: the arithmetic (pacer.cc).
#include "gc/budget.h"

#include <time.h>

#include <algorithm>
#include <new>

#include "base/assert.h"
#include "base/event.h"
#include "base/spin_lock.h"
#include "gc/handles.h"
#include "gc/roots.h"
#include "gc/special.h"
#include "gc/stacks.h"
#include "gc/stats.h"
#include "gc/work.h"
#include "heap/heap.h"
#include "sched/world.h"

namespace gort::collector {

BudgetFront budget;
CpuLimiter* limiter = nullptr;

namespace {

// Kept for the next cycle beyond what it will need at its goal, as in Go.
constexpr double kRetain = 1.1;
// Of the memory limit, what the background leaves: so allocation seldom has to give memory back
// itself. Go's.
constexpr double kLimitShare = 0.95;
// How far the heap may grow beyond the goal on credit.
constexpr double kHardGoal = 1.1;

struct State {
  base::SpinLock lock;
  // --- under lock [GB1]
  Pacer pacer;
  bool trace = false;
  std::int64_t begun_ns = 0;         // of the program
  std::uint64_t scanned_before = 0;  // scanned_bytes() at the cycle's begin
  std::uint64_t live_at_start = 0;
  std::uint64_t marked_alive = 0;  // before it was decided who is dead
  std::uint64_t stack_memory = 0;  // in the last cycle
  double scan_share = 1;           // of live bytes, in the last cycle: those that are looked into
  std::uint64_t number = 0;
  std::int64_t total_ns = 0;  // of the processor time that the collector took, all cycles
  CycleTrace numbers;         // of the cycle under way
  std::int64_t cycle_pause_ns = 0;
  std::int64_t marking_since_ns = 0, marking_until_ns = 0;
};

// Never destroyed: threads outlive main's return.
alignas(State) std::byte state_storage[sizeof(State)];
State& state = reinterpret_cast<State&>(state_storage);
alignas(CpuLimiter) std::byte limiter_storage[sizeof(CpuLimiter)];

std::atomic<std::int64_t> worker_ns[3];
std::atomic<bool> limited{false};
std::atomic<bool> swept{true};  // since the last cycle's end

int processors() { return sched::scheduler.processor_count.load(std::memory_order_relaxed); }

Roots roots_locked() {
  return {std::max(state.pacer.last_stack_scan(), scanned_stack_bytes()), scanned_other_bytes()};
}

Memory memory_locked() {
  const heap::Footprint heap = heap::footprint();
  Memory memory;
  memory.idle_bytes = heap.idle_bytes;
  memory.room_bytes = heap.room_bytes;
  // What is dead and not yet swept is allocated all the same; whoever took it for overhead would
  // collect again at once.
  memory.allocated_bytes = swept.load(std::memory_order_relaxed)
                               ? budget.live.load(std::memory_order_relaxed)
                               : heap.mapped_bytes - heap.idle_bytes;
  const sched::GoroutineBytes goroutines = sched::goroutine_bytes();
  memory.mapped_bytes = heap.mapped_bytes + goroutines.records +
                        std::max<std::uint64_t>(goroutines.least_stacks, state.stack_memory) +
                        collector_bytes();
  return memory;
}

Work work_locked() {
  Work work;
  work.heap = static_cast<std::int64_t>(scanned_bytes() - state.scanned_before);
  work.stacks = static_cast<std::int64_t>(scanned_stack_bytes());
  work.globals = static_cast<std::int64_t>(scanned_other_bytes());
  return work;
}

// Go's NextGC. With collection off and no limit there will be none, unless the arena fills up.
std::uint64_t next_goal_locked(const Target& target) {
  const bool off = state.pacer.gc_percent() < 0 && state.pacer.memory_limit() == kNoMemoryLimit;
  return off ? UINT64_MAX : target.goal;
}

void revise_locked() {
  const Memory memory = memory_locked();
  if (!state.pacer.marking()) {
    const Target target = state.pacer.target(memory);
    budget.trigger.store(target.trigger, std::memory_order_relaxed);
    note_goal(next_goal_locked(target));
    return;
  }
  Pacer::Progress progress;
  progress.live_bytes = budget.live.load(std::memory_order_relaxed);
  progress.heap_scan_bytes =
      static_cast<std::uint64_t>(double(progress.live_bytes) * state.scan_share);
  progress.roots = roots_locked();
  progress.work = work_locked();
  progress.memory = memory;
  const AssistRatio ratio = state.pacer.revise(progress);
  const double hard_goal = double(state.pacer.target(memory).goal) * kHardGoal;
  budget.hard_goal.store(hard_goal < 0x1p63 ? static_cast<std::uint64_t>(hard_goal) : UINT64_MAX,
                         std::memory_order_relaxed);
  budget.work_per_byte.store(ratio.work_per_byte, std::memory_order_relaxed);
  budget.bytes_per_work.store(ratio.bytes_per_work, std::memory_order_relaxed);
}

}  // namespace

void boot_budget(const Settings& settings) {
  const std::int64_t now_ns = base::now_ns();
  new (state_storage) State;
  state.begun_ns = now_ns;
  state.trace = settings.trace;
  state.pacer.set_gc_percent(settings.gc_percent);
  state.pacer.set_memory_limit(settings.memory_limit);
  limited.store(settings.memory_limit != kNoMemoryLimit, std::memory_order_relaxed);
  limiter = new (limiter_storage) CpuLimiter(now_ns, std::max(processors(), 1));
  revise_locked();
}

int set_gc_percent(int percent) {
  base::Guard guard(state.lock);
  const int before = state.pacer.set_gc_percent(percent);
  revise_locked();
  return before;
}

std::uint64_t set_memory_limit(std::uint64_t bytes) {
  base::Guard guard(state.lock);
  const std::uint64_t before = state.pacer.set_memory_limit(bytes);
  limited.store(bytes != kNoMemoryLimit, std::memory_order_relaxed);
  revise_locked();
  return before;
}

std::uint64_t memory_limit() {
  base::Guard guard(state.lock);
  return state.pacer.memory_limit();
}

bool has_memory_limit() { return limited.load(std::memory_order_relaxed); }

std::int64_t take_credit(std::int64_t work) {
  std::int64_t there = budget.credit.load(std::memory_order_relaxed);
  while (there > 0) {
    const std::int64_t taken = std::min(there, work);
    if (budget.credit.compare_exchange_weak(there, there - taken, std::memory_order_relaxed)) {
      return taken;
    }
  }
  return 0;
}

void revise() {
  base::Guard guard(state.lock);
  revise_locked();
}

void add_work_time(Worker worker, std::int64_t ns) {
  worker_ns[static_cast<unsigned>(worker)].fetch_add(ns, std::memory_order_relaxed);
  if (worker == Worker::assist) limiter->add_assist_time(ns);
  if (worker == Worker::idle) limiter->add_idle_time(ns);
}

void begin_cycle(std::int64_t now_ns) {
  base::Guard guard(state.lock);
  state.numbers = CycleTrace();
  state.numbers.begin_ns = static_cast<std::uint64_t>(now_ns - state.begun_ns);
  state.cycle_pause_ns = 0;
  for (auto& ns : worker_ns) ns.store(0, std::memory_order_relaxed);
  limiter->set_processors(now_ns, processors());
  limiter->start_transition(now_ns, true);
}

void note_start(const sched::WorldStopped&) {
  base::Guard guard(state.lock);
  state.scanned_before = scanned_bytes();
  reset_scanned_stack_bytes();
  state.live_at_start = budget.live.load(std::memory_order_relaxed);
  state.marking_since_ns = base::now_ns();
  state.numbers.begin_heap = state.live_at_start;
  state.pacer.start_cycle(state.marking_since_ns, state.live_at_start);
  budget.credit.store(0, std::memory_order_relaxed);
  budget.trigger.store(UINT64_MAX, std::memory_order_relaxed);
  revise_locked();
}

void note_decided(const sched::WorldStopped& world) {
  base::Guard guard(state.lock);
  state.marked_alive = take_marked_bytes(world);
}

void note_end(const sched::WorldStopped& world) {
  base::Guard guard(state.lock);
  Pacer::End end;
  end.now_ns = base::now_ns();
  limiter->start_transition(end.now_ns, false);
  end.processors = processors();
  end.live_bytes = budget.live.load(std::memory_order_relaxed);
  // What waits for its end does not count as alive in this cycle: else a program that makes objects
  // with ends, and drops them, would be given more memory with each. If it still waits in the next
  // cycle it does, or ends that are blocked would mean collecting all the time.
  end.marked_bytes = state.marked_alive + (end.live_bytes - state.live_at_start);
  end.work = work_locked();
  end.roots = {static_cast<std::uint64_t>(end.work.stacks), scanned_other_bytes()};
  end.assist_ns = worker_ns[static_cast<unsigned>(Worker::assist)].load();
  end.idle_ns = worker_ns[static_cast<unsigned>(Worker::idle)].load();
  state.stack_memory = scanned_stack_memory();
  end.memory = memory_locked();
  forgive_assists(world);
  if (end.marked_bytes > 0) {
    state.scan_share = std::clamp(double(end.work.heap) / double(end.marked_bytes), 0.01, 1.0);
  }
  state.marking_until_ns = end.now_ns;
  state.numbers.end_heap = end.live_bytes;
  state.numbers.marked_heap = end.marked_bytes + take_marked_bytes(world);
  state.numbers.stacks = end.roots.stack_bytes;
  state.numbers.globals = end.roots.global_bytes;
  state.numbers.processors = static_cast<std::uint32_t>(end.processors);
  state.pacer.end_cycle(end);
  state.numbers.goal = state.pacer.last_goal();
  budget.live.store(end.marked_bytes, std::memory_order_relaxed);
  swept.store(false, std::memory_order_relaxed);
  revise_locked();
}

void note_stop(Stop stop, std::int64_t ns) {
  note_pause(ns);
  base::Guard guard(state.lock);
  if (stop == Stop::start) limiter->finish_transition(base::now_ns());
  state.cycle_pause_ns += ns;
  (stop == Stop::start ? state.numbers.start_stop_ns : state.numbers.end_stop_ns) +=
      static_cast<std::uint64_t>(ns);
}

void finish_cycle(Reason reason) {
  const std::int64_t now_ns = base::now_ns();
  limiter->finish_transition(now_ns);
  CycleTrace trace;
  {
    base::Guard guard(state.lock);
    CycleTrace& numbers = state.numbers;
    numbers.number = ++state.number;
    numbers.forced = reason == Reason::forced;
    numbers.assist_ns = static_cast<std::uint64_t>(worker_ns[2].load());
    numbers.background_ns = static_cast<std::uint64_t>(worker_ns[0].load());
    numbers.idle_ns = static_cast<std::uint64_t>(worker_ns[1].load());
    numbers.mark_ns = static_cast<std::uint64_t>(state.marking_until_ns - state.marking_since_ns);
    // As in Go without what idle processors did: nobody missed it.
    state.total_ns += static_cast<std::int64_t>(numbers.assist_ns + numbers.background_ns +
                                                (numbers.start_stop_ns + numbers.end_stop_ns) *
                                                    numbers.processors);
    const double all_ns = double(now_ns - state.begun_ns) * numbers.processors;
    numbers.share = all_ns > 0 ? double(state.total_ns) / all_ns : 0;
    trace = numbers;
    timespec wall{};
    ::clock_gettime(CLOCK_REALTIME, &wall);
    CycleNumbers cycle;
    cycle.forced = numbers.forced;
    cycle.pause_ns = state.cycle_pause_ns;
    cycle.end_unix_ns = std::int64_t{wall.tv_sec} * 1'000'000'000 + wall.tv_nsec;
    cycle.share = numbers.share;
    cycle.next_goal = next_goal_locked(state.pacer.target(memory_locked()));
    note_cycle(cycle);
  }
  if (!state.trace) return;
  char line[kTraceLineBytes];
  const std::string_view text = format_trace(trace, line);
  base::write_stderr("%.*s", static_cast<int>(text.size()), text.data());
}

void note_sweep_done() {
  base::Guard guard(state.lock);
  swept.store(true, std::memory_order_relaxed);
  state.pacer.sweep_done();
  if (!state.pacer.marking()) revise_locked();
}

std::size_t collector_bytes() { return special_bytes() + work_bytes() + handle_table_bytes(); }

std::size_t bytes_to_return(std::size_t growth) {
  base::Guard guard(state.lock);
  const heap::Footprint heap = heap::footprint();
  const Memory memory = memory_locked();
  const Target target = state.pacer.target(memory);
  const double goal = std::min(double(target.goal), double(state.pacer.last_goal()));
  const double wanted = std::max(goal, double(kHeapMinimumBytes)) * kRetain;
  const double over_goal = double(heap.mapped_bytes + growth) - wanted;
  const double over_limit =
      double(memory.mapped_bytes + growth) - double(state.pacer.memory_limit()) * kLimitShare;
  const double over = std::max(over_goal, over_limit);
  return over <= 0 ? 0 : std::min(heap.idle_bytes, static_cast<std::size_t>(over));
}

std::size_t bytes_over_limit(std::size_t growth) {
  base::Guard guard(state.lock);
  const Memory memory = memory_locked();
  const std::uint64_t limit = state.pacer.memory_limit();
  if (memory.mapped_bytes + growth <= limit) return 0;
  return std::min<std::uint64_t>(memory.idle_bytes, memory.mapped_bytes + growth - limit);
}

bool period_is_over(std::int64_t now_ns, std::int64_t period_ns) {
  base::Guard guard(state.lock);
  return state.pacer.period_is_over(now_ns, period_ns);
}

}  // namespace gort::collector
