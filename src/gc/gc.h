// The door of the collector, for runtime/: bringing it to life, and what its public functions do.
//
// Not here: what the public headers call directly (gort/detail/barrier.hpp, special_core.hpp).
#pragma once

#include <cstddef>
#include <cstdint>

#include "gc/budget.h"

namespace gort::collector {

// Once, when the scheduler is there and before any goroutine runs.
void boot(const Settings& settings);
// What is to be done at the beginning of each cycle, before it is seen what lives: on a goroutine
// of the collector's, outside sections, when nothing is marked. Once, at boot.
void set_before_cycle(void (*prepare)());

}  // namespace gort::collector
