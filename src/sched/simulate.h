// The scheduler on one OS thread, with every choice drawn from a seed.
//
// A race that shows once in a million runs on real threads shows again and again here: the threads
// are contexts with stacks of their own, and wherever one could wait for another or be overtaken by
// it (at every entry to the runtime, step of a spin-wait, futex call, thread start and, in builds
// with assertions, around every lock) the simulator decides who goes on. The same seed decides the
// same way, so a failure can be replayed and stepped through. Time is a number: it goes on a little
// with every step and jumps to the next deadline when all sleep.
//
// What a simulated run finds: all threads asleep for ever (a lost wake-up), no end (a livelock),
// and every assertion on the way. What it cannot find: errors of memory order, as one thread after
// the other runs on one CPU; the stress tests are for those.
//
// [S1] While a simulator is installed nothing in the process runs but its contexts, one at a time;
//      the thread that installed it is the first of them.
// Runs on the one OS thread, inside and outside the runtime. Not here: the programs (test/sim), the
// hooks (base/event.h).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/event.h"
#include "base/random.h"

namespace gort::sched {

class Simulator final : public base::Simulation {
 public:
  struct Options {
    std::uint64_t seed = 1;
    std::uint32_t switch_one_in = 4;       // steps between two switches, on average
    std::uint32_t freeze_one_in = 0;       // switches per loss of the CPU; 0: never
    std::uint64_t step_limit = 5'000'000;  // more is a livelock
  };

  // Before anything else of gort runs; for the rest of the process.
  explicit Simulator(const Options& options);
  ~Simulator();
  Simulator(const Simulator&) = delete;
  Simulator& operator=(const Simulator&) = delete;

  // base::Simulation
  void relax() override;
  void sleep(std::atomic<std::uint32_t>& word, std::uint32_t expected,
             std::int64_t deadline_ns) override;
  void wake(std::atomic<std::uint32_t>& word, int count) override;
  std::int64_t now_ns() override;
  int start_thread(void* (*entry)(void*), void* argument) override;

  // In place of the monitor: takes processors away, ends chains, stops the world, when chance says
  // so.
  void start_meddler();
  // The calling thread sleeps for `duration_ns`, as in a system call.
  void nap(std::int64_t duration_ns);
  // Returns when all other threads are asleep, dead, or the meddler.
  void settle();
  // Prints `text` and what every thread and goroutine does, and ends the process with status 1.
  [[noreturn]] void fail(const char* text);

  base::Random& random() { return random_; }
  std::uint64_t steps() const { return steps_; }

 private:
  struct Context;

  static void run_context();
  void step();
  Context* choose();
  void switch_to(Context* next);
  void adopt_stack();
  bool advance_to_next_deadline();
  void print_threads() const;

  const Options options_;
  base::Random random_;
  std::uint64_t steps_ = 0;
  std::int64_t now_ns_ = 1'000'000'000;
  std::vector<std::unique_ptr<Context>> contexts_;
  std::vector<Context*> ready_;  // choose()'s, kept for its memory
  Context* running_;
  bool next_is_meddler_ = false;
};

}  // namespace gort::sched
