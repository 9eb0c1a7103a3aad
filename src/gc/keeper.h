// What is done about memory between collections: giving it back, fetching it, and collecting in
// idle programs.
//
// Goroutines of the runtime's, asleep most of the time, and a thread. Not here: memory over the
// limit, which goes back at once (assist.cc).
#pragma once

#include <cstddef>
#include <cstdint>

namespace gort::collector {

void start_keeper();  // once, outside sections
// A cycle has ended, or the memory limit is another: there may be memory to give back. Outside
// sections.
void wake_keeper();
// Memory is wanted that the system has not given us yet (heap::wants_fetching). May start a thread:
// outside sections.
void call_fetcher();
// Gives about so many bytes of idle memory back now, in short sections. Outside sections.
void return_idle_memory(std::size_t bytes);
// The same for the heap's tables: what belonged to memory that is idle.
void return_idle_tables();
// For tests: a cycle is due when there was none for so long; returns what it was, kPeriodNs at
// first. Outside sections.
std::int64_t set_period(std::int64_t ns);

}  // namespace gort::collector
