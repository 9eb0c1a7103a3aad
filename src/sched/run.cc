// The main goroutine: begun by run(), and at its end everything else is over.
//
// The thread that calls run() waits; the main goroutine runs on gort's threads like any other. When
// it returns, the other goroutines are abandoned: none of them is resumed again, so nothing of them
// touches globals that main's return is about to destroy. Their stacks and what is on them stay as
// they are, as when a Go process ends. The runtime's own goroutines go on. One that computes in
// user code stops when it next enters the runtime. run() may be called again. Runs on the calling
// thread. Not here: starting the scheduler (attach.cc), options (runtime/).
#include "base/assert.h"
#include "base/event.h"
#include "sched/attach.h"
#include "sched/loop.h"
#include "sched/sched.h"
#include "sched/wake.h"
#include "sched/world.h"

namespace gort::sched {
namespace {

struct MainCall {
  detail::closure_entry entry;
  void* argument;
  base::Event done;
};

void run_call(void* closure) {
  MainCall* call = *static_cast<MainCall**>(closure);
  call->entry(call->argument);
  {
    Section section;
    section.goroutine()->clear(kMain);
    base::Guard guard(scheduler.lock);
    scheduler.main_running = false;  // before done: what is blocked now is no deadlock
  }
  call->done.set();
}

}  // namespace

void main_goroutine_ended() {
  // By goexit: the others go on, and when they are done nobody is left.
  base::Guard guard(scheduler.lock);
  scheduler.main_exited = true;
}

namespace {

// On a thread set aside; the scheduler's lock is real, and nothing else is needed.
void start_and_wait(void* argument) {
  auto& call = *static_cast<MainCall*>(argument);
  std::size_t taken;
  Goroutine* main = scheduler.goroutines.acquire(1, taken);
  main->entry = run_call;
  main->id = scheduler.id_batches.fetch_add(1, std::memory_order_relaxed) * 16 + 1;
  main->creator_pc = nullptr;
  main->set(kMain);
  *reinterpret_cast<MainCall**>(main->closure) = &call;
  main->status.store(Status::runnable, std::memory_order_relaxed);
  scheduler.live_elsewhere.fetch_add(1, std::memory_order_relaxed);
  bool already;
  {
    // In one step: a run in progress with nothing to run would be a deadlock to a thread going
    // idle.
    base::Guard guard(scheduler.lock);
    already = scheduler.main_running;
    if (!already) push_global_locked(main);
    scheduler.main_running = true;
    scheduler.main_exited = false;
  }
  if (already) {
    base::fatal(base::FatalScope::current, "run called while another run is in progress");
  }
  wake_one();
  call.done.wait();
}

}  // namespace

void run_main_goroutine(detail::closure_entry entry, void* argument) {
  // Attached if it is not: what the goroutine is given by reference is in this thread's frames.
  { Section attached; }
  MainCall call{entry, argument, {}};
  stay_aside(start_and_wait, &call);
  {
    StoppedWorld world;
    abandon_goroutines(world.token());
  }
  // The runtime's own go on: who was in a queue is in the global one now, and timers need a thread.
  Section section;
  wake_one();
  timers_changed(earliest_timer_ns());
}

}  // namespace gort::sched
