// The public functions of memory.hpp.
//
// Any thread, outside sections. Not here: what settings do (budget.cc), cycles (cycle.cc).
#include "base/assert.h"
#include "gc/budget.h"
#include "gc/cycle.h"
#include "gc/keeper.h"
#include "gort/detail/gc_core.hpp"
#include "heap/heap.h"
#include "sched/sched.h"

namespace gort::detail {

namespace {
static_assert(gort::collector::kNoMemoryLimit == INT64_MAX);
}

void gc() { gort::collector::collect_and_wait(gort::collector::Reason::forced); }

int set_gc_percent(int percent) {
  int before;
  {
    const sched::Section section;
    before = gort::collector::set_gc_percent(percent);
  }
  // Who turns collection off wants none, neither now nor in a moment.
  if (percent < 0) gort::collector::wait_for_marking();
  return before;
}

std::int64_t set_memory_limit(std::int64_t bytes) {
  std::uint64_t before;
  {
    const sched::Section section;
    if (bytes < 0) return static_cast<std::int64_t>(gort::collector::memory_limit());
    before = gort::collector::set_memory_limit(static_cast<std::uint64_t>(bytes));
  }
  gort::collector::wake_keeper();
  return static_cast<std::int64_t>(before);
}

void free_os_memory() {
  gc();
  gort::collector::return_idle_memory(heap::footprint().idle_bytes);
  gort::collector::return_idle_tables();
}

}  // namespace gort::detail
