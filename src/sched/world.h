// Stopping the world, claiming one processor, and looking at everybody.
//
// The side door for gc/ and runtime/: whoever takes a WorldStopped as a parameter needs every
// thread to be outside the runtime and to stay there. User code goes on running meanwhile, it just
// cannot enter; that is all that dumps, gomaxprocs and the trimming of stacks need.
//
// [W1] One thread at a time is a claimant: it holds the world lock.
// [W2] A claimant waits for others only outside the runtime, or in a bounded spin: so two of them
//      cannot wait for each other.
// Runs on any attached thread, the monitor included. Not here: the protocol that makes it cheap
// (safepoint.h).
#pragma once

#include "sched/scheduler.h"

namespace gort::sched {

class WorldStopped {
 private:
  friend class StoppedWorld;
  WorldStopped() = default;
};

// Stops the world for its lifetime. The caller is outside the runtime and holds no lock.
class StoppedWorld {
 public:
  StoppedWorld();
  ~StoppedWorld();
  StoppedWorld(const StoppedWorld&) = delete;
  StoppedWorld& operator=(const StoppedWorld&) = delete;
  const WorldStopped& token() const { return token_; }

 private:
  WorldStopped token_;
};

// For a process that dies: stops the world for good, as far as that works within `patience_ns`;
// true if it did. Any thread, on any stack, whatever locks it holds; what it waits for is bounded.
bool freeze_world(std::int64_t patience_ns);

// Claims one processor whose thread runs user code. False if it is busy inside, idle, or somebody
// else claims.
bool try_claim(Processor* processor);
void release_claim(Processor* processor);

// Takes the processor away from its thread and gives it to another. The processor is claimed; the
// claim ends.
void retake(Processor* processor);

// Every goroutine but the dead.
template <class Visit>
void for_each_goroutine(const WorldStopped&, Visit visit) {
  scheduler.goroutines.for_each([&](Goroutine& goroutine) {
    if (goroutine.status.load(std::memory_order_relaxed) != Status::free) visit(&goroutine);
  });
}

// The number of processors; new ones are idle, those beyond give their work to the others.
void resize_processors(const WorldStopped&, int count);
// Forgets every goroutine but the runtime's own: run() has returned.
void abandon_goroutines(const WorldStopped&);
// Memory of goroutines, a moment old and quickly had: their records, and a page of each stack. How
// deep the stacks are, only who walks them knows.
struct GoroutineBytes {
  std::size_t records = 0, least_stacks = 0;
};
GoroutineBytes goroutine_bytes();
// Recomputes exclusive_runtime.
void update_exclusive(const WorldStopped&);

bool world_is_stopped_locked();

// Starts a goroutine of the runtime's own, which runs `run(argument)`: not counted, not listed, not
// waited for by run() and not abandoned at its end. One that is parked, or sleeps (sleep_until),
// keeps no deadlock from being seen: while others wait for what it will do, it is an external
// waiter (add_external_waiter). Any thread, outside the runtime.
Goroutine* spawn_system(void (*run)(void*), void* argument);

// Boot (runtime/boot.cc): before anything else; starts the monitor.
struct BootOptions {
  int processors = 1;
  std::int64_t schedtrace_ns = 0;  // GODEBUG=schedtrace; 0: none
};
void boot(const BootOptions& options);
void start_monitor(std::int64_t schedtrace_ns);

// Runs `entry(argument)` as the main goroutine; blocks the calling thread until it has returned.
void run_main_goroutine(detail::closure_entry entry, void* argument);

}  // namespace gort::sched
