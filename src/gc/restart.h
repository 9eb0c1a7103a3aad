// Windows of the barrier: where a thread that was stopped must go on.
//
// At the flip nobody may be between the test of the flag and the store: [GS1] in docs/COLLECTOR.md.
// Not here: the windows (gort/detail/barrier.hpp), who asks (sched/halt.h).
#pragma once

#include <cstdint>

namespace gort::collector {

// Once, at boot: tables are kept from then on until the process ends.
void watch_for_exit();
// `pc`, or the beginning of the window that it is in. Async-signal-safe.
std::uintptr_t restart_address(std::uintptr_t pc);

}  // namespace gort::collector
