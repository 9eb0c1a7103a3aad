// The public functions of memory.hpp.
//
// Any thread, outside sections. Not here: what settings do (budget.cc), cycles (cycle.cc).
#include "base/assert.h"
#include "gc/budget.h"
#include "gc/cycle.h"
#include "gort/detail/gc_core.hpp"
#include "heap/heap.h"
#include "sched/sched.h"

namespace gort::detail {

namespace {
static_assert(gort::collector::kNoMemoryLimit == INT64_MAX);
}

void gc() { gort::collector::collect_and_wait(gort::collector::Reason::forced); }

int set_gc_percent(int percent) {
  const sched::Section section;
  return gort::collector::set_gc_percent(percent);
}

std::int64_t set_memory_limit(std::int64_t bytes) {
  const sched::Section section;
  if (bytes < 0) return static_cast<std::int64_t>(gort::collector::memory_limit());
  return static_cast<std::int64_t>(
      gort::collector::set_memory_limit(static_cast<std::uint64_t>(bytes)));
}

void free_os_memory() {
  gc();
  const sched::Section section;
  heap::release_some(SIZE_MAX);
}

}  // namespace gort::detail
