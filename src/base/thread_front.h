// The first words of every Thread record: what folders below the scheduler may know of a thread.
//
// The record belongs to sched/. Two of its words are the handshake of sections (sched/safepoint.h),
// the third is a pointer that the heap needs in every allocation: its cache for the processor that
// this thread has. The heap makes the cache on demand and writes the pointer here; the scheduler
// carries it along when a processor changes hands, and never looks inside.
//
// [TF1] `cache` is read and written by the thread inside a section, or by whoever has claimed it;
//       like what it points to, it may be another after anything that can park.
// Not here: how to find the record (this_thread.h).
#pragma once

#include <atomic>
#include <cstdint>

#include "base/this_thread.h"

namespace gort::heap {
struct Cache;
}

namespace gort::base {

struct ThreadFront {
  std::atomic<std::uint32_t> inside{0};  // depth of runtime sections; written by the thread only
  std::atomic<std::uint32_t> attention{0};
  heap::Cache* cache = nullptr;  // [TF1]
};

// Thread begins with it: sched/thread.h checks.
[[gnu::always_inline]] inline ThreadFront* thread_front() {
  return reinterpret_cast<ThreadFront*>(current_thread());
}

}  // namespace gort::base
