// What is known about single objects besides their memory: weak references to them, and what is to
// be called after their death. What weak and add_cleanup of heap.hpp are built on.
//
// A weak reference is a cell, one for each object that was asked for: a collected object itself,
// without pointers, that the collector empties when it decides that the object is dead. A cleanup
// is a record, a collected object too: it is reachable from its entry in the collector's table
// until it was called or stopped, and then dies like any other; so does what it refers to.
//
// These names are for gort's headers, not for users. Any thread; sections of the runtime; may park,
// as they allocate. Not here: the table (src/gc/special.cc), who calls (src/gc/finalize.cc).
#pragma once

#include <cstddef>
#include <cstdint>

namespace gort::detail {

// The cell of the collected object that `address` points into, the same one for as long as the
// object lives; `offset` is how far behind the object's beginning the address is. Null, and 0, for
// null. Throws runtime_error if there is no collected object.
void* weak_cell_of(const void* address, std::size_t& offset);

// The beginning of the cell's object, which lives at least as long as the caller keeps the result;
// null once it was decided dead: its destructor and cleanups come after that. `cell` is not null.
void* weak_lock(void* cell) noexcept;

// Calls run(record) once, on a goroutine of the runtime, some time after the collected object that
// `address` points into was found dead. Returns the entry's number, never 0 and never used again.
// Throws runtime_error if `address` is not in a collected object. `record` is the beginning of a
// collected object.
std::uint64_t add_cleanup(const void* address, void* record, void (*run)(void* record));

// True if the entry was there and its call had not been queued: now it will not run.
bool stop_cleanup(std::uint64_t number) noexcept;

}  // namespace gort::detail
