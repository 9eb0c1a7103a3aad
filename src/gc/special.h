// What is known about single objects beyond their memory: weak cells, cleanups; and the decision
// who of the dead is told.
//
// A table leads from an object to what hangs on it. The collector asks it in this order.
//
//   marking      SpecialWalk: what the runtime itself holds for later: the weak cells in the
//                table, records of cleanups, objects whose destructor is due.
//   deciding     gather_dead: weak cells of white objects are cleared; of white objects with a
//                destructor all are listed, then all are marked, and what they reach is marked by
//                whoever drains the queues: a destructor finds everything as it was.
//   sweeping     slot_died: cleanups of an object whose memory goes become due. One that is
//                reachable from a destructor that is yet to run does not come here.
//   the end      publish_gathered: what was listed is due.
//   any time     queue_finalizers: a goroutine runs what is due (finalize.h). To be called after
//                that and again after the end of the sweep.
//
// Tables are gone through in pieces of some tens of microseconds, so that nobody who wants to stop
// the world waits for how many weak references and destructors there are.
//
// [SP1] Weak cells are cleared before the first object is marked for a destructor's sake: so
//       whoever finds the target black and after that the cell not cleared, has found what lives.
// [SP2] kHasSpecial is set in mark bytes by gather_dead alone, on white objects with cleanups, when
//       no marker works and nobody sweeps: mark bytes are written without atomic instructions. A
//       barrier may still show an old word that only looks like a reference to such an object, and
//       one of the two stores be lost. The object is dead all the same: without the colour it is
//       freed, and what it refers to is kept for a cycle; without the flag it stays for a cycle,
//       and the next one sets it.
//
// The table's memory is mapped, never malloc'd: it is used while threads are halted. Its locks are
// taken inside sections, or by the collector's own goroutines.
// Not here: running destructors and cleanups (finalize.h).
#pragma once

#include <cstddef>
#include <cstdint>

#include "gc/special_table.h"

namespace gort::collector {

struct EndBlock;
struct LocalWork;

// While marking, by one marker at a time. What is entered meanwhile is no root: it was given by who
// had it from the snapshot, or is new.
class SpecialWalk {
 public:
  bool visit(LocalWork& work);  // a piece; false when that was the last

 private:
  SpecialTable::Cursor cursor_;
  bool in_queue_ = false;  // of ends that are due: after the table
  EndBlock* block_ = nullptr;
};
// The coordinator's, once per cycle: the queues were empty with the world stopped, the phase is
// `deciding`, and nobody marks until it returns. Outside sections; what it marked is shared, and
// has to be drained.
void gather_dead();
// The coordinator's: what gather_dead has listed is due from here on.
void publish_gathered();
// Of the dead, those whose end is prompt (object_layout) were not marked. When it is certain what
// the others reach, which may be some of them, the rest are ended: on the spot, and the sweep of
// this very cycle frees them. Whoever is still busy with one (a timer that fires) is in a section,
// and so ready before the sweep begins. The coordinator's, while deciding.
bool has_prompt_ends();
bool has_gathered();  // of the others
void run_prompt_ends();
// Outside sections.
void queue_finalizers();
// From the sweep, on whoever sweeps, perhaps with the world stopped (heap::Collector).
void slot_died(void* object, std::uint8_t flags);

// Bytes mapped for the table and the queue.
std::size_t special_bytes();

}  // namespace gort::collector
