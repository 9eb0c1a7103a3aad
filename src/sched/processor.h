// A processor: the right to run goroutines, and what goes with it.
//
// There are gomaxprocs of them. A thread needs one to run the runtime's own code on goroutines'
// behalf (queues, caches, timers); user code keeps running without one if it was taken away
// (monitor.cc). All fields are plain memory:
//
// [P1] A processor's owner-only fields are accessed by its thread inside the runtime, or by whoever
//      has claimed it while that thread is outside (world.h), never by both.
//
// Runs on: see each group. Not here: who has which processor when (idle.cc), threads (thread.h).
#pragma once

#include <atomic>
#include <cstdint>

#include "base/random.h"
#include "base/thread_front.h"
#include "sched/run_queue.h"
#include "sched/stack.h"
#include "sched/timer.h"

namespace gort::sched {

struct alignas(64) Processor {
  // --- owner only [P1]
  std::atomic<Goroutine*> next{
      nullptr};  // made ready by the one that runs: first in line; thieves peek
  RunQueue queue;
  std::atomic<std::uint32_t> tick{0};   // scheduling rounds; the monitor reads it
  std::atomic<std::uint32_t> chain{0};  // rounds that did not come from `next`
  std::uint32_t wake_skip = 0;          // see wake policy in wake.h
  std::uint32_t wake_backoff = 1;
  std::atomic<std::int64_t> live_delta{0};  // goroutines started here minus ended here
  Goroutine* free = nullptr;                // dead records for reuse
  std::uint32_t free_count = 0;
  std::uint64_t next_id = 0, last_id = 0;  // goroutine numbers reserved in batches
  StackCache stacks;
  base::Random random;
  heap::Cache* cache = nullptr;  // while no thread has us; else it is in the thread's front

  void count_live(std::int64_t change) {
    live_delta.store(live_delta.load(std::memory_order_relaxed) + change,
                     std::memory_order_relaxed);
  }

  // --- own lock
  TimerHeap timers;

  // --- atomic
  std::atomic<bool> preempt{
      false};  // set by the monitor: the chain through `next` has had its slice
  std::atomic<std::uint32_t> stolen{
      0};  // goroutines that thieves took, so that wake-ups know they help

  // --- under the scheduler's lock
  struct Thread* thread = nullptr;  // who has it, null while idle
  Processor* idle_next = nullptr;
  std::uint32_t index = 0;
  bool retired = false;  // gomaxprocs was lowered: nobody may attach it

  // --- monitor only
  std::uint32_t seen_tick = 0, seen_chain = 0;
  std::int64_t tick_since_ns = 0, chain_since_ns = 0;
  std::int64_t cpu_at_check_ns = -1, checked_at_ns = 0;
};

}  // namespace gort::sched
