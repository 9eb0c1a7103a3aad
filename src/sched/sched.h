// The door of the scheduler for those who wait and make ready: sync/, net/, gc/, runtime/.
//
// A waiting primitive is written like this:
//
//     Section section;                            // enter the runtime
//     lock the object;
//     if it can proceed: do so, unlock, return;
//     enqueue a waiter that names section.goroutine();
//     unlock;
//     section.park(WaitReason::...);   // until somebody calls ready(); maybe on another thread
//
// and its other half dequeues the waiter under the lock and calls section.ready(goroutine). A ready
// that comes before the park is not lost [G2], so the lock may be released first. park may be
// called by any attached thread: one that gort did not make blocks.
//
// Not here: stopping the world, listing goroutines (world.h, for gc/ and runtime/ only).
#pragma once

#include <cstdint>

#include "base/spin_lock.h"
#include "sched/goroutine.h"
#include "sched/safepoint.h"
#include "sched/timer.h"
#include "sched/wait_reason.h"

namespace gort::sched {

// False on a thread that has never entered the runtime, or has left it for good; entering attaches.
inline bool is_attached() { return base::current_thread() != &gort_unattached_thread; }

// Parks the calling goroutine until ready(); returns the thread it is on then, inside.
Thread* park(Thread* thread, WaitReason reason);
// Makes a parked (or about to park) goroutine runnable, next in line on this processor.
void ready(Thread* thread, Goroutine* goroutine);
// The same at the end of the queue: for crowds, where jumping the line would be unfair.
void ready_last(Thread* thread, Goroutine* goroutine);
// Hands the processor to `goroutine` at once; the caller goes to the end of the queue.
Thread* yield_to(Thread* thread, Goroutine* goroutine);
Thread* yield(Thread* thread);
// True if another goroutine waits for this processor: spinning for a lock would be in its way.
bool others_wait(const Thread* thread);
bool runs_alone();  // one processor: whoever holds a lock cannot be running elsewhere

// Parks until `when_ns` on the monotonic clock. Any attached thread.
Thread* sleep_until(Thread* thread, std::int64_t when_ns);

// Enters for the lifetime of the object.
class Section {
 public:
  Section() : thread_(enter()) {}
  ~Section() { leave(thread_); }
  Section(const Section&) = delete;
  Section& operator=(const Section&) = delete;

  Thread* thread() const { return thread_; }
  Goroutine* goroutine() const { return thread_->current; }
  void park(WaitReason reason) { thread_ = sched::park(thread_, reason); }
  void ready(Goroutine* goroutine) { sched::ready(thread_, goroutine); }
  void ready_last(Goroutine* goroutine) { sched::ready_last(thread_, goroutine); }
  void yield() { thread_ = sched::yield(thread_); }

 private:
  Thread* thread_;
};

// Enters for the lifetime of the object, in which what is called may park, as an allocation does,
// and come back on another thread: that one is left.
class ParkingSection {
 public:
  ParkingSection() { enter(); }
  ~ParkingSection() { leave(base::current_thread()); }
  ParkingSection(const ParkingSection&) = delete;
  ParkingSection& operator=(const ParkingSection&) = delete;
};

// A random number from the processor's generator; inside the runtime.
std::uint32_t random_below(Thread* thread, std::uint32_t bound);

// Goroutines that will be woken from outside (a socket, a signal) do not count as deadlocked.
void add_external_waiter(int change);

// The limit of a running goroutine's thread count and identity, for the public API.
std::uint64_t goroutine_id(Thread* thread);
std::int64_t count_goroutines();
[[noreturn]] void exit_goroutine();  // unwinds and ends the calling goroutine
void lock_thread();
void unlock_thread();
void set_max_threads(int limit);
int max_threads();

}  // namespace gort::sched
