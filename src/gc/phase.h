// Where the cycle stands: read by every barrier, every allocation's slow path, every marker.
//
//   idle       nothing is marked; what was not reached last time is being swept
//   marking    from the flip on: old values are shown, new objects are black, stacks are scanned
//   deciding   the queues were empty with the world stopped: what is white now is dead for good;
//              weak references and destructors are decided, and what those reach is marked
//
// [PH1] The phase changes with the world stopped; from idle to marking with every thread halted as
//       well (docs/COLLECTOR.md, [GS1]). So inside a section it does not change.
// Any thread. Not here: who changes it when (cycle.cc).
#pragma once

#include <atomic>
#include <cstdint>

#include "sched/world.h"

namespace gort::collector {

enum class Phase : std::uint8_t { idle, marking, deciding };

extern std::atomic<Phase> current_phase;
inline Phase phase() { return current_phase.load(std::memory_order_relaxed); }
// Of the running cycle, or the last; never 0 once there was one. Odd values mean that a goroutine's
// scan is under way (stacks.h).
std::uint32_t epoch();

// Every thread halted. The colour flips, the barrier is on, and no goroutine runs unscanned.
void begin_marking(const sched::WorldStopped&);
void begin_deciding(const sched::WorldStopped&);
void end_marking(const sched::WorldStopped&);

}  // namespace gort::collector
