// What the collector counts over all cycles, for mem_stats and for tests.
//
// The cycle tells of each stop and of each end; the numbers are kept in Go's form: a ring of the
// last 256 cycles' pauses, sums, and a histogram of single stops.
// Runs on: note_* on the coordinator, one at a time; reading on any thread. Not here: the trace
// line (gctrace.h), the heap's own numbers (heap::statistics).
#pragma once

#include <cstdint>

namespace gort::collector {

// One stop of the world by the collector, from asking the threads to letting the last one go.
void note_pause(std::int64_t ns);

// A cycle has ended. Its pause is the sum of its stops.
struct CycleNumbers {
  bool forced = false;           // gc() or free_os_memory() asked for it
  std::int64_t pause_ns = 0;     // all its stops
  std::int64_t end_unix_ns = 0;  // on the system's clock (CLOCK_REALTIME)
  double share = 0;              // the collector's of processor time, without idle marking: 0 to 1
  std::uint64_t next_goal = 0;   // heap bytes at which the next one is to end
};
void note_cycle(const CycleNumbers& cycle);

// A stop after note_cycle, in the sweep that somebody waits for; a part of that cycle's pause.
void note_late_pause(std::int64_t ns);

// A setting has changed: Go's NextGC, UINT64_MAX if there will be none.
void note_goal(std::uint64_t next_goal);

}  // namespace gort::collector
