// What all processors and threads share, and in which order its locks are taken.
//
// One object, never destroyed: threads outlive main's return. Hot paths only read its first line,
// which changes when a thread goes idle or wakes.
//
// Lock order, outermost first; a thread that holds one may take only those below it:
//   world lock (world.cc)           who may stop the world or claim a processor
//   object locks (sync/)            one channel, semaphore, ...; several only in select, by address
//   timer heap lock (timer.cc)      one processor's timers
//   scheduler.lock                  idle lists, global queue, who has which processor, all threads
//   stack arena lock, pool lock     memory
//
// Runs on: see each group. Not here: who uses it how (idle.cc, steal.cc, monitor.cc).
#pragma once

#include <atomic>
#include <cstdint>

#include "base/never_destroyed.h"
#include "base/pool.h"
#include "base/spin_lock.h"
#include "sched/processor.h"
#include "sched/thread.h"

namespace gort::sched {

inline constexpr int kMaxProcessors = 1024;

struct Scheduler {
  // --- atomic, read everywhere
  alignas(64) std::atomic<int> idle_count{0};  // idle processors
  std::atomic<int> spinning{0};                // threads awake and looking for work
  std::atomic<std::uint32_t> global_size{0};
  std::atomic<int> processor_count{0};
  std::atomic<std::uint32_t> coarse_ms{0};  // the monitor's clock
  std::atomic<bool> monitor_asleep{false};
  std::atomic<std::uint32_t> scan_epoch{0};  // halt.h; here because every switch reads it

  // --- own line: written by those who start goroutines without a processor
  alignas(64) std::atomic<std::int64_t> live_elsewhere{0};
  std::atomic<std::uint64_t> id_batches{0};
  std::atomic<int> external_waiters{0};  // goroutines that the outside world will wake
  std::atomic<int> foreign_count{0};     // attached threads that gort did not make

  // --- under lock
  alignas(64) base::SpinLock lock;
  Processor* idle_processors = nullptr;
  Thread* idle_threads = nullptr;  // sleeping, any may be woken
  Thread* timekeeper = nullptr;    // the one of them that sleeps until a timer is due
  std::int64_t timekeeper_until_ns = base::kNever;
  Goroutine* global_head = nullptr;
  Goroutine* global_tail = nullptr;
  std::atomic<Thread*> all_threads{nullptr};  // only grows, at its front: readable without
  int thread_count = 0;                       // gort's own that exist
  int helper_threads = 0;                     // started by runtime/ for itself
  int max_threads = 10'000;
  int without_processor = 0;  // goroutines running user code on no processor
  bool main_running = false;  // run() is in progress
  bool main_exited = false;   // its goroutine ended by goexit

  // --- set with the world stopped
  Processor* processors[kMaxProcessors] = {};

  base::Pool<Goroutine> goroutines;
};

// Never destroyed, and known at compile time: reading a member is one instruction.
extern constinit base::NeverDestroyed<Scheduler> scheduler_storage;
inline constexpr Scheduler& scheduler = scheduler_storage.value;

// --- global queue (global_queue.cc); each takes the scheduler's lock
void push_global(Goroutine* goroutine);
// A fair share for `processor`, moved to its queue; the first of them is returned.
Goroutine* take_global(Processor* processor);

// --- processors and threads (idle.cc, attach.cc). "Locked" means with the scheduler's lock held.
// Chooses a sleeping or new thread for `processor`; launch it when the lock is released.
// Who is to take a processor. What it is, a sleeping thread or a record without one, is decided
// under the lock: as soon as it is assigned it may run, end and be another's.
struct Assignment {
  Thread* thread = nullptr;
  bool fresh = false;  // needs an OS thread
};
Assignment assign_locked(Processor* processor, bool spinning);
void launch(Assignment assignment);  // outside the lock
Processor* take_idle_processor_locked();
void put_idle_processor_locked(Processor* processor);
void attach_processor_locked(Thread* thread, Processor* processor);
void detach_processor_locked(Thread* thread);
// Gives up `thread`'s processor: to another thread if there is work for it, else it is idle.
void hand_off(Thread* thread);
bool has_work(const Processor* processor);
void push_global_locked(Goroutine* goroutine);
// The earliest timer of all processors.
std::int64_t earliest_timer_ns();
Thread* new_thread_locked();  // a record, known to all, not started

void poke_monitor();  // wakes it if it sleeps because all was idle

}  // namespace gort::sched
