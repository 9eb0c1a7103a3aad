// The deadlock rule and its two texts.
//
// Runs inside the runtime on a scheduler stack; report_deadlock does not return. Not here: who asks
// (idle.cc).
#include "sched/deadlock.h"

#include "base/assert.h"
#include "base/event.h"
#include "base/os_linux.h"
#include "sched/sanitizer.h"
#include "sched/sched.h"
#include "sched/scheduler.h"

namespace gort::sched {

namespace {

std::atomic<bool> suspected{false};

// A timer that wakes a goroutine of the runtime's own is no hope: that one says when others wait
// for it (spawn_system).
bool users_wait_for_timers() {
  const int processors = scheduler.processor_count.load(std::memory_order_relaxed);
  for (int i = 0; i < processors; ++i) {
    if (scheduler.processors[i]->timers.has_users()) return true;
  }
  return false;
}

bool nobody_can_run_locked() {
  return scheduler.main_running && scheduler.without_processor == 0 &&
         scheduler.idle_count.load(std::memory_order_relaxed) ==
             scheduler.processor_count.load(std::memory_order_relaxed) &&
         scheduler.global_head == nullptr &&
         scheduler.foreign_count.load(std::memory_order_relaxed) == 0 &&
         scheduler.external_waiters.load(std::memory_order_relaxed) == 0 &&
         !users_wait_for_timers();
}

bool unknown_threads_exist_locked() {
  if (base::simulated() != nullptr) return false;
#if defined(__SANITIZE_THREAD__)
  constexpr int kOthers = 3;  // the monitor, the one in run(), and the race detector's own
#else
  constexpr int kOthers = 2;  // the monitor and the one in run()
#endif
  return base::os::count_threads() > scheduler.thread_count + scheduler.helper_threads + kOthers;
}

}  // namespace

bool is_deadlocked_locked() {
  const bool stuck = nobody_can_run_locked();
  const bool certain = stuck && !unknown_threads_exist_locked();
  if (stuck && !certain) {
    suspect_deadlock();
  }
  return certain;
}

bool deadlock_is_suspected() { return suspected.load(std::memory_order_relaxed); }

void suspect_deadlock() {
  suspected.store(true, std::memory_order_relaxed);
  poke_monitor();
}

void recheck_deadlock() {
  if (!deadlock_is_suspected()) return;
  bool dead;
  {
    base::Guard guard(scheduler.lock);
    suspected.store(false, std::memory_order_relaxed);
    dead = is_deadlocked_locked();
  }
  if (dead) report_deadlock();
}

void report_deadlock() {
  if (scheduler.main_exited && count_goroutines() == 0) {
    base::fatal(base::FatalScope::all, "no goroutines (main called runtime.Goexit) - deadlock!");
  }
  base::fatal(base::FatalScope::all, "all goroutines are asleep - deadlock!");
}

void add_external_waiter(int change) {
  scheduler.external_waiters.fetch_add(change, std::memory_order_relaxed);
}

}  // namespace gort::sched
