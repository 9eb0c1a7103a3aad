// Where marking starts: everything that refers to objects and is none itself.
//
//   handles       slots in malloc'd memory, globals, thread-locals            handles.h
//   manual memory bodies of timers, contexts and tasks, looked through word by word
//   special       weak cells, cleanups, destructors that are due              special.h
//   goroutines    closures in records, stacks of those that are parked        stacks.h
//
// Running threads' stacks are scanned at the flip and are not among them. The work is cut into
// pieces that take some ten microseconds each, which any marker takes; but each of the first three
// kinds has one walker at a time.
// Runs inside sections. Not here: what marking is (mark.h).
#pragma once

#include "gc/work.h"

namespace gort::collector {

// At the flip, world stopped.
void begin_roots(const sched::WorldStopped&);
// Does a piece of what is left; false if there is nothing for this marker to take.
bool scan_some_roots(LocalWork& work);
// Whether all was taken and finished.
bool roots_are_done();

// Bytes that were looked at in this cycle, but for stacks (stacks.h).
std::uint64_t scanned_other_bytes();

}  // namespace gort::collector
