// Times for timers: what is never, and what is only very late.
//
// A heap without timers says kNever, so a timer's own time must be earlier, however late: a pending
// timer is what keeps a program of sleepers from counting as deadlocked. Runs anywhere. Not here:
// the timers (timers.cc).
#pragma once

#include <cstdint>

#include "base/event.h"

namespace gort::sync {

inline std::int64_t reachable(std::int64_t when_ns) {
  return when_ns < base::kNever ? when_ns : base::kNever - 1;
}

// The time `ns` from now; `ns` may be negative.
inline std::int64_t time_after(std::int64_t ns) {
  std::int64_t when_ns;
  if (__builtin_add_overflow(base::now_ns(), ns, &when_ns)) return base::kNever - 1;
  return reachable(when_ns);
}

}  // namespace gort::sync
