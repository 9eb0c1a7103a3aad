// Entering and leaving the runtime: how a thread's private data can be had by others at no cost to
// the thread.
//
// Every public operation is a *section*: enter, work, leave. Inside, a thread uses its processor's
// queues and takes short locks; outside, it runs user code, and then anybody may claim the
// processor: a thief for its queue, the monitor to give it to another thread, whoever stops the
// world. This is Dekker's protocol:
//
//      owner:     inside = 1;  read attention;
//      claimant:  attention |= kClaimed;  read inside;
//
// Each side needs a full fence between its two steps, or both may miss the other. The owner enters
// tens of millions of times a second, the claimant rarely; so the claimant pays for both with
// process_barrier() (membarrier: every other CPU executes a fence before it returns), and the
// owner's half is two plain instructions and a compiler barrier. Rejected: a compare-and-swap per
// entry, as Go's system calls have (2 to 9 ns); polling only, as a hog never polls.
//
// [E1] A claimant touches what [P1] protects only after it has seen inside == 0 behind its barrier;
//      the owner entering later sees kClaimed and waits in enter_slow, outside.
// [E2] While exclusive_runtime is set, one thread at most is inside with anything to do: there is
//      one processor, and whoever has none waits in enter_slow or in the scheduler's own, real,
//      lock.
// [E3] Sections nest only where a user's own move or comparison runs under a channel's lock; a
//      nested section never waits and never parks.
//
// After any call that can park, the thread may be another: use the Thread* it returns. Runs on
// goroutines and attached threads. Not here: claiming (world.h), losing a processor (syscall.cc).
#pragma once

#include <atomic>

#include "base/os_linux.h"
#include "sched/thread.h"

namespace gort::sched {

// Attaches, waits out a claim, queues for a processor. Returns the thread we are on then, inside.
Thread* enter_slow(Thread* thread);

// Set when the kernel offers no process-wide barrier: the owner pays for its fence.
extern bool entry_needs_fence;

[[gnu::always_inline]] inline Thread* enter() {
  Thread* thread = base::current_thread();
  const std::uint32_t depth = thread->inside.load(std::memory_order_relaxed);
#if defined(__SANITIZE_THREAD__)
  thread->inside.exchange(depth + 1, std::memory_order_seq_cst);  // visible to the race detector
#else
  thread->inside.store(depth + 1, std::memory_order_relaxed);
#endif
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (thread->attention.load(std::memory_order_acquire) != 0) [[unlikely]] {
    return enter_slow(thread);
  }
  return thread;
}

[[gnu::always_inline]] inline void leave(Thread* thread) {
  const std::uint32_t depth = thread->inside.load(std::memory_order_relaxed);
  thread->inside.store(depth - 1, std::memory_order_release);  // pairs with claim in world.cc [E1]
}

}  // namespace gort::sched
