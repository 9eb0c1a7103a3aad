// What is done about memory between collections: giving it back, and collecting in idle programs.
//
// One goroutine of the runtime's, asleep most of the time. Not here: memory over the limit, which
// goes back at once (assist.cc).
#pragma once

namespace gort::collector {

void start_keeper();  // once, outside sections
// A cycle has ended: there may be memory to give back. Outside sections.
void wake_keeper();

}  // namespace gort::collector
