// When to collect and how hard to work: the pacer's arithmetic, fed with what happens.
//
// The pacer (pacer.h) is a pure function of numbers; here the numbers are collected: bytes
// allocated, bytes scanned, processor time; and here its answers are kept where everybody reads
// them without a lock: the trigger, and while marking the price of an allocation in work.
//
// `live` counts what the last cycle left alive and all that was allocated since. Dead objects leave
// it at the end of a cycle, when the next one's trigger is computed, whether swept or not.
//
// Background markers put what they have done into a common credit that assists draw on first.
// [GB1] Everything that is not atomic is under the lock, the outermost of the collector's. Taken
//       inside sections, or on the collector's goroutines.
// Any thread. Not here: who works (marking.h, assist.cc).
#pragma once

#include <atomic>
#include <cstdint>

#include "gc/cpu_limiter.h"
#include "gc/gctrace.h"
#include "gc/pacer.h"
#include "sched/world.h"

namespace gort::collector {

struct Settings {
  int gc_percent = 100;
  std::uint64_t memory_limit = kNoMemoryLimit;
  bool trace = false;  // GODEBUG=gctrace=1
};
void boot_budget(const Settings& settings);

// --- settings; each returns what was set before and takes effect at once
int set_gc_percent(int percent);
std::uint64_t set_memory_limit(std::uint64_t bytes);
std::uint64_t memory_limit();
bool has_memory_limit();

// --- allocation
struct alignas(64) BudgetFront {
  std::atomic<std::uint64_t> live{0};
  std::atomic<std::uint64_t> trigger{kHeapMinimumBytes};
  // While marking: beyond it nobody allocates without having marked, or waited for the end.
  std::atomic<std::uint64_t> hard_goal{UINT64_MAX};
  std::atomic<double> work_per_byte{0};
  std::atomic<double> bytes_per_work{0};
  std::atomic<std::int64_t> credit{0};  // bytes scanned that nobody has been paid for
};
extern BudgetFront budget;

inline void note_allocated(std::size_t bytes) {
  budget.live.fetch_add(bytes, std::memory_order_relaxed);
}
inline AssistRatio assist_ratio() {
  return {budget.work_per_byte.load(std::memory_order_relaxed),
          budget.bytes_per_work.load(std::memory_order_relaxed)};
}
// Takes up to `work` from the credit.
std::int64_t take_credit(std::int64_t work);
// Computes the trigger, or the ratio, anew: the memory has changed.
void revise();

// --- processor time
extern CpuLimiter* limiter;  // set at boot
enum class Worker : std::uint8_t { background, idle, assist };
void add_work_time(Worker worker, std::int64_t ns);

// --- a cycle; called by its coordinator in this order
void begin_cycle(std::int64_t now_ns);          // before the first stop
void note_start(const sched::WorldStopped&);    // at the flip
void note_decided(const sched::WorldStopped&);  // what is marked from here on waits for its end
void note_end(const sched::WorldStopped&);      // marking is over
void finish_cycle(Reason reason);               // after the last stop: numbers, trace
void note_sweep_done();
// The length of a stop, from asking to letting go.
enum class Stop : std::uint8_t { start, end };
void note_stop(Stop stop, std::int64_t ns);

// How much more than the heap will need soon is idle, and might go back to the system: beyond its
// goal, and near the memory limit. `growth`: bytes that are about to be added.
std::size_t bytes_to_return(std::size_t growth = 0);
// How far the process is beyond the memory limit, or will be, as far as idle pages can help.
std::size_t bytes_over_limit(std::size_t growth);
std::size_t collector_bytes();  // of its own records, queues and tables
// A cycle is due because there was none for so long.
bool period_is_over(std::int64_t now_ns, std::int64_t period_ns);

}  // namespace gort::collector
