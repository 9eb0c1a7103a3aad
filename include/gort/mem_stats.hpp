// The numbers of the collected heap: Go's runtime.MemStats, field by field, in snake case.
//
//     const gort::mem_stats s = gort::read_mem_stats();
//     s.heap_alloc; s.num_gc; s.pause_ns[(s.num_gc + 255) % 256];
//
// All sizes are bytes, all durations nanoseconds, all instants nanoseconds since 1970 on the
// system's clock. Objects include the bodies of channels and timers. Identities that hold in each
// answer:
//
//     heap_sys == heap_inuse + heap_idle      heap_released <= heap_idle
//     heap_alloc == alloc <= heap_inuse       mallocs - frees == heap_objects
//     sys == heap_sys + stack_sys + mspan_sys + mcache_sys + buck_hash_sys + gc_sys + other_sys
//
// Not here: a line for each collection (GODEBUG=gctrace=1), goroutines (debug.hpp).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "gort/detail/boot_anchor.hpp"
#include "gort/detail/heap_core.hpp"

namespace gort {

struct mem_stats {
  // --- all
  std::uint64_t alloc = 0;        // of objects: reachable, or not yet found to be dead
  std::uint64_t total_alloc = 0;  // ever allocated
  std::uint64_t sys = 0;          // had from the system, what was given back included
  std::uint64_t lookups = 0;      // always 0, as in Go
  std::uint64_t mallocs = 0;      // objects ever allocated
  std::uint64_t frees = 0;        // objects ever freed

  // --- the heap
  std::uint64_t heap_alloc = 0;  // the same as alloc
  std::uint64_t heap_sys = 0;
  std::uint64_t heap_idle = 0;      // in spans that hold no object
  std::uint64_t heap_inuse = 0;     // in spans that hold at least one
  std::uint64_t heap_released = 0;  // part of idle: given back to the system, or never touched
  std::uint64_t heap_objects = 0;

  // --- besides
  std::uint64_t stack_inuse = 0;  // goroutines' stacks: whole pages, up to where each stands now
  std::uint64_t stack_sys = 0;    // the same
  std::uint64_t mspan_inuse = 0;  // spans' records and marks
  std::uint64_t mspan_sys = 0;
  std::uint64_t mcache_inuse = 0;  // processors' caches
  std::uint64_t mcache_sys = 0;
  std::uint64_t buck_hash_sys = 0;  // always 0: profiles are not kept in tables
  std::uint64_t gc_sys = 0;         // the collector's queues and tables
  std::uint64_t other_sys = 0;      // always 0

  // --- collections
  std::uint64_t next_gc = 0;                   // heap_alloc at the next one's end; UINT64_MAX: none
  std::uint64_t last_gc = 0;                   // when the last one ended; 0: there was none
  std::uint64_t pause_total_ns = 0;            // in which the program was stopped
  std::array<std::uint64_t, 256> pause_ns{};   // of each; the last: [(num_gc + 255) % 256]
  std::array<std::uint64_t, 256> pause_end{};  // when it ended
  std::uint32_t num_gc = 0;                    // collections completed
  std::uint32_t num_forced_gc = 0;             // of them: asked for by the program
  double gc_cpu_fraction = 0;                  // of processor time, idle marking left out: 0 to 1
  bool enable_gc = true;                       // always, as in Go
  bool debug_gc = false;                       // never, as in Go

  // Objects by the size of their slot; [0] is for those that have pages of their own.
  struct size_class {
    std::uint32_t size = 0;
    std::uint64_t mallocs = 0;
    std::uint64_t frees = 0;
  };
  std::array<size_class, detail::kClassCount> by_size{};

  // How often the program was stopped, by how long: [i] counts stops from pause_bound(i) up to, not
  // including, pause_bound(i + 1) nanoseconds; the last one all that were longer. One collection
  // stops it twice or more often. Go's /gc/pauses:seconds.
  static constexpr std::size_t kPauseBuckets = 164;
  std::array<std::uint64_t, kPauseBuckets> pause_histogram{};
  // Four buckets per doubling: 0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, ...
  static constexpr std::uint64_t pause_bound(std::size_t bucket) {
    if (bucket < 8) return bucket;
    return (std::uint64_t{4} + bucket % 4) << (bucket / 4 - 1);
  }
};

// What holds now, exactly: the world is stopped to add up what processors keep for themselves, some
// ten microseconds, and longer with hundreds of thousands of goroutines. Any thread. Go's
// runtime.ReadMemStats.
mem_stats read_mem_stats();

}  // namespace gort
