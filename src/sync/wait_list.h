// The queue inside a public lock, seen from src/sync: a short lock and a queue of waiters.
//
// The public headers hold it as zeroed bytes (detail::wait_list), which is its empty state. Runs inside the runtime.
// Not here: waiters and how they are claimed (waiter.h).
#pragma once

#include <new>

#include "gort/detail/chan_core.hpp"
#include "gort/detail/sync_core.hpp"
#include "sync/wait.h"

namespace gort::sync {

struct WaitList {
  ElidedLock lock;
  WaitQueue queue;
};
static_assert(sizeof(WaitList) == sizeof(detail::wait_list));

inline WaitList& open(detail::wait_list& list) {
  return *std::launder(reinterpret_cast<WaitList*>(list.storage));
}

inline Channel* done_of(const context* ctx) {
  return ctx != nullptr ? detail::done_core(*ctx) : nullptr;
}

}  // namespace gort::sync
