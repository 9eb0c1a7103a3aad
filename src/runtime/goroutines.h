// All goroutines, as a dump sees them.
//
// With the world stopped, what a goroutine is doing follows from its record: no stack pointer, it
// has not run yet; registers not saved, it runs; else it is parked, or in a queue. The status that
// park leaves is made exact first, because a goroutine that was made ready still says what it
// waited for.
// Runs on the thread that dumps, in a stopped or frozen world. Not here: printing (dump.cc).
#pragma once

#include <cstdint>

#include "sched/world.h"

namespace gort::runtime {

// What a line `goroutine 7 "name" [chan send, 2 minutes, locked to thread]:` says.
struct Header {
  std::uint64_t id = 0;
  const char* name = nullptr;
  const char* state = "running";
  std::uint32_t minutes = 0;
  bool locked = false;
};

// Where its stack is to be had.
enum class Whereabouts : std::uint8_t {
  not_started,  // there is none
  parked,       // saved at goroutine.sp
  running,      // on a thread
};

void mark_queued_goroutines();
Whereabouts whereabouts_of(const sched::Goroutine& goroutine);
Header header_of(const sched::Goroutine& goroutine, Whereabouts where);
// False for those that a dump leaves out: dead, abandoned, the runtime's own unless asked for.
bool is_listed(const sched::Goroutine& goroutine, bool with_system);
// The thread on which it runs, or null.
const sched::Thread* thread_of(const sched::Goroutine& goroutine);
// The goroutine that the calling thread runs; null on a scheduler's stack or a thread without one.
sched::Goroutine* running_goroutine();
// True on a thread of gort's own that runs no goroutine at the moment.
bool is_scheduler_thread();

}  // namespace gort::runtime
