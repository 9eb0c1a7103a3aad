// What is done about memory between collections: giving it back, and collecting in idle programs.
//
// One goroutine of the runtime's, asleep most of the time. Not here: memory over the limit, which
// goes back at once (assist.cc).
#pragma once

#include <cstddef>

namespace gort::collector {

void start_keeper();  // once, outside sections
// A cycle has ended, or the memory limit is another: there may be memory to give back. Outside
// sections.
void wake_keeper();
// Gives about so many bytes of idle memory back now, in short sections. Outside sections.
void return_idle_memory(std::size_t bytes);
// The same for the heap's tables: what belonged to memory that is idle.
void return_idle_tables();

}  // namespace gort::collector
