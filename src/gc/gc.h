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

}  // namespace gort::collector
