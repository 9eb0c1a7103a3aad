// Changing the phase.
//
// The order within begin_marking does not matter to mutators, who are all halted; the flag is what
// they test in user code, the phase what they ask again in their sections.
// Not here: halting (sched/halt.h), what comes before and after (cycle.cc).
#include "gc/phase.h"

#include "gort/detail/barrier.hpp"
#include "heap/object.h"
#include "sched/halt.h"

unsigned char gort_marking = 0;

namespace gort::collector {

std::atomic<Phase> current_phase{Phase::idle};

namespace {
std::atomic<std::uint32_t> cycle_epoch{0};

void set_flag(unsigned char value) {
  std::atomic_ref<unsigned char>(gort_marking).store(value, std::memory_order_relaxed);
}
}  // namespace

std::uint32_t epoch() { return cycle_epoch.load(std::memory_order_relaxed); }

void begin_marking(const sched::WorldStopped&) {
  std::uint32_t next = epoch() + 2;
  if (next == 0) next = 2;
  cycle_epoch.store(next, std::memory_order_relaxed);
  heap::flip_colour();
  heap::for_each_cache([](heap::Cache& cache, void*) { heap::recolour_runs(cache); }, nullptr);
  current_phase.store(Phase::marking, std::memory_order_relaxed);
  sched::scan_epoch.store(next, std::memory_order_relaxed);
  set_flag(1);
}

void begin_deciding(const sched::WorldStopped&) {
  current_phase.store(Phase::deciding, std::memory_order_relaxed);
}

void end_marking(const sched::WorldStopped&) {
  set_flag(0);
  sched::scan_epoch.store(0, std::memory_order_relaxed);
  current_phase.store(Phase::idle, std::memory_order_relaxed);
}

}  // namespace gort::collector
