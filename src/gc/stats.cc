// Counting cycles and pauses, and read_mem_stats. See stats.h.
//
// To be exact, reading flushes every processor's cache with the world stopped: what is in a cache's
// runs would count as allocated.
#include "gc/stats.h"

#include <algorithm>
#include <array>
#include <bit>

#include "base/os_linux.h"
#include "base/spin_lock.h"
#include "gc/budget.h"
#include "gort/mem_stats.hpp"
#include "heap/heap.h"
#include "heap/object.h"
#include "sched/halt.h"
#include "sched/sched.h"
#include "sched/world.h"

namespace gort::collector {
namespace {

struct Counts {
  base::SpinLock lock;
  // --- under lock
  std::uint32_t cycles = 0;
  std::uint32_t forced = 0;
  std::uint64_t pause_total_ns = 0;
  std::uint64_t last_end_ns = 0;
  std::uint64_t next_goal = 0;
  double share = 0;
  std::array<std::uint64_t, 256> pause_ns{}, pause_end{};
  std::array<std::uint64_t, mem_stats::kPauseBuckets> histogram{};
};
constinit Counts counts;

// The inverse of mem_stats::pause_bound.
std::size_t bucket_of(std::uint64_t ns) {
  if (ns < 8) return ns;
  const auto top = static_cast<std::size_t>(std::bit_width(ns)) - 1;
  const std::size_t bucket = 4 * (top - 1) + ((ns >> (top - 2)) & 3);
  return std::min(bucket, mem_stats::kPauseBuckets - 1);
}
static_assert(mem_stats::pause_bound(8) == 8 && mem_stats::pause_bound(9) == 10 &&
              mem_stats::pause_bound(12) == 16);

}  // namespace

void note_pause(std::int64_t ns) {
  base::Guard guard(counts.lock);
  ++counts.histogram[bucket_of(ns > 0 ? static_cast<std::uint64_t>(ns) : 0)];
}

void note_cycle(const CycleNumbers& cycle) {
  base::Guard guard(counts.lock);
  const std::size_t at = counts.cycles % counts.pause_ns.size();
  counts.pause_ns[at] = static_cast<std::uint64_t>(cycle.pause_ns);
  counts.pause_end[at] = static_cast<std::uint64_t>(cycle.end_unix_ns);
  counts.pause_total_ns += static_cast<std::uint64_t>(cycle.pause_ns);
  counts.last_end_ns = static_cast<std::uint64_t>(cycle.end_unix_ns);
  counts.next_goal = cycle.next_goal;
  counts.share = cycle.share;
  counts.forced += cycle.forced;
  ++counts.cycles;
}

void note_late_pause(std::int64_t ns) {
  note_pause(ns);
  base::Guard guard(counts.lock);
  const auto pause_ns = static_cast<std::uint64_t>(ns);
  counts.pause_ns[(counts.cycles + counts.pause_ns.size() - 1) % counts.pause_ns.size()] +=
      pause_ns;
  counts.pause_total_ns += pause_ns;
}

void note_goal(std::uint64_t next_goal) {
  base::Guard guard(counts.lock);
  counts.next_goal = next_goal;
}

namespace {

std::uint64_t stack_bytes(const sched::WorldStopped& world) {
  const std::size_t page = base::os::page_bytes();
  std::uint64_t bytes = 0;
  sched::for_each_goroutine(world, [&](sched::Goroutine* goroutine) {
    if (goroutine->stack.top == nullptr) return;
    const auto top = reinterpret_cast<std::uintptr_t>(goroutine->stack.top);
    auto low = top - 1;
    // Of one that runs it is not known how deep it is.
    const auto status = goroutine->status.load(std::memory_order_relaxed);
    if (status == sched::Status::waiting || status == sched::Status::runnable) {
      const sched::StackRange range = sched::parked_stack(goroutine);
      if (range.low != nullptr) low = reinterpret_cast<std::uintptr_t>(range.low);
    }
    bytes += (top + page - 1) / page * page - low / page * page;
  });
  return bytes;
}

void fill_heap(mem_stats& s, const heap::Statistics& heap) {
  s.alloc = s.heap_alloc = heap.live_bytes;
  s.total_alloc = heap.total_bytes;
  s.mallocs = heap.mallocs;
  s.frees = heap.frees;
  s.heap_objects = heap.mallocs - heap.frees;
  s.heap_sys = heap.system_bytes;
  s.heap_idle = heap.idle_bytes;
  s.heap_inuse = heap.in_use_bytes;
  s.heap_released = heap.returned_bytes;
  s.mspan_inuse = s.mspan_sys = heap.table_bytes;
  for (std::size_t i = 0; i < s.by_size.size(); ++i) {
    const heap::Statistics::Size& size = heap.sizes[i];
    s.by_size[i] = {static_cast<std::uint32_t>(size.bytes), size.mallocs, size.frees};
  }
}

void fill_collections(mem_stats& s) {
  base::Guard guard(counts.lock);
  s.next_gc = counts.next_goal;
  s.last_gc = counts.last_end_ns;
  s.pause_total_ns = counts.pause_total_ns;
  s.pause_ns = counts.pause_ns;
  s.pause_end = counts.pause_end;
  s.num_gc = counts.cycles;
  s.num_forced_gc = counts.forced;
  s.gc_cpu_fraction = counts.share;
  s.pause_histogram = counts.histogram;
}

struct Caches {
  std::size_t count = 0;
};

}  // namespace
}  // namespace gort::collector

namespace gort {

mem_stats read_mem_stats() {
  using namespace collector;
  mem_stats s;
  { sched::Section attaches; }
  sched::StoppedWorld stopped;
  Caches caches;
  heap::for_each_cache(
      [](heap::Cache& cache, void* argument) {
        heap::flush(cache);
        ++static_cast<Caches*>(argument)->count;
      },
      &caches);
  fill_heap(s, heap::statistics());
  fill_collections(s);
  s.stack_inuse = s.stack_sys = stack_bytes(stopped.token());
  s.mcache_inuse = s.mcache_sys = caches.count * heap::cache_bytes();
  s.gc_sys = collector_bytes();
  s.sys = s.heap_sys + s.stack_sys + s.mspan_sys + s.mcache_sys + s.gc_sys;
  return s;
}

}  // namespace gort
