// The door of sync/, for runtime/.
//
// Everything else here is called by the public headers (gort/detail/sync_core.hpp and its
// neighbours). Not here: who calls this when (src/gc/cycle.cc).
#pragma once

namespace gort::sync {

// Moves the values of all pools a generation on; what was in the older one is let go. The
// collector's coordinator, outside sections, when nothing is marked.
void age_pools();

}  // namespace gort::sync
