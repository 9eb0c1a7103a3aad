// The attack on halting: one plays collector among many kinds of user code.
//
// It begins and ends cycles as a collector does: at the flip nothing may move, each mutator's mark
// must be where the scan looks, and a thread between a test and its store must do the test again.
// Scans of those that wait are shared by the scheduler, before it runs them, and the attacker.
// Not here: who is attacked (halt_mutators.h), each of these alone (halt_test.cc,
// halt_scan_test.cc).
#include <doctest/doctest.h>
#include <signal.h>

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

#include "sched/halt_mutators.h"

using namespace gort_test;

namespace {

// All of them, until destroyed.
class Population {
 public:
  Population() {
    over.store(false);
    for (const Body body :
         {compute, compute_and_yield, compute_and_yield, block, block_shortly, nap, nap, store,
          use_malloc, use_malloc, throw_and_catch, throw_and_catch, start_others, locked}) {
      ended_.go([body, &self = next()] { body(self); });
    }
    for (const Body body : {compute_and_yield, store_on_thread, use_malloc, throw_and_catch,
                            compute_blocking_signals}) {
      threads_.emplace_back([body, &self = next()] {
        { Section attached; }
        body(self);
      });
    }
    for (int i = 0; i < 3; ++i) {
      ended_.go([pair = pairs_[i], &self = next()] { answer(pair, self); });
      if (i < 2) {
        ended_.go([pair = pairs_[i], &self = next()] { serve(pair, self); });
      } else {
        threads_.emplace_back([pair = pairs_[i], &self = next()] {
          { Section attached; }
          serve(pair, self);
        });
      }
    }
  }
  ~Population() {
    over.store(true);
    ended_.wait();
    for (std::thread& thread : threads_) thread.join();
  }
  void interrupt_threads(int signal) {
    for (std::thread& thread : threads_) ::pthread_kill(thread.native_handle(), signal);
  }
  bool has_begun() const {
    for (unsigned i = 0; i < count_; ++i) {
      if (mutators[i].steps.load() == 0) return false;
    }
    return true;
  }

 private:
  Mutator& next() {
    mutators[count_].steps.store(0);
    return mutators[count_++];
  }
  unsigned count_ = 0;
  Pair pairs_[3];
  gort::wait_group ended_;
  std::vector<std::thread> threads_;
};

// --- the attacker

std::atomic<int> moved{0}, moved_before_release{0};

std::uint64_t all_steps() {
  std::uint64_t sum = 0;  // not what handlers do: they run on threads that sleep in the runtime
  for (const Mutator& it : mutators) sum += it.steps.load(std::memory_order_relaxed);
  return sum;
}

void note_steps(const Halted& halted) {
  for (Mutator& it : mutators) {
    if (it.goroutine.load() == halted.goroutine) it.at_halt = it.steps.load();
  }
}
void compare_steps(const Halted& halted) {
  for (const Mutator& it : mutators) {
    if (it.goroutine.load() == halted.goroutine && it.at_halt != it.steps.load()) {
      moved_before_release.fetch_add(1);
    }
  }
}

void flip(std::uint32_t epoch) {
  std::optional<StoppedWorld> world;
  world.emplace();
  HaltedThreads threads(world->token());
  const std::uint64_t before = all_steps();
  scan_epoch.store(epoch);
  begin_round(epoch);
  running()->scanned.store(epoch);
  for (unsigned i = 0; i < threads.count(); ++i) {
    const Halted& it = threads[i];
    if (it.goroutine == nullptr) continue;
    if (it.halted) note_steps(it);
    look_for_mark(it.goroutine, it.stack);
    it.goroutine->scanned.store(epoch);
  }
  if (all_steps() != before) moved.fetch_add(1);
  world.reset();
  for (unsigned i = 0; i < threads.count(); ++i) {
    if (!threads[i].halted) continue;
    compare_steps(threads[i]);
    threads.release(i);
  }
}

void end_cycle() {
  StoppedWorld world;
  scan_epoch.store(0);
}

}  // namespace

TEST_CASE("whatever user code does, it stands still at the flip and is scanned before it goes on") {
  set_scanner(scan_once);
  set_restart(restart_store);
  struct sigaction handler = {}, before[2] = {};
  handler.sa_handler = handle;
  handler.sa_flags = SA_ONSTACK | SA_RESTART;
  ::sigaction(SIGUSR1, &handler, &before[0]);
#if defined(__x86_64__)
  handler.sa_flags = SA_RESTART;
#endif
  ::sigaction(SIGUSR2, &handler, &before[1]);
  const int processors = gort::gomaxprocs();
  {
    Population population;
    wait_until([&] { return population.has_begun(); });
    for (std::uint32_t round = 1; round <= kRounds; ++round) {
      if (round % 2 == 0) population.interrupt_threads(round % 4 == 0 ? SIGUSR1 : SIGUSR2);
      flip(2 * round);
      if (round % 2 == 0) {
        Section section;
        scheduler.goroutines.for_each([](Goroutine& it) { scan_once(&it); });
      }
      if (round % 3 == 0) gort::yield();
      if (round % 32 == 0) gort::gomaxprocs(round % 64 == 0 ? processors : 1 + processors / 2);
      end_cycle();
      if (round % 5 == 0) gort::yield();
    }
    gort::gomaxprocs(processors);
  }
  ::sigaction(SIGUSR1, &before[0], nullptr);
  ::sigaction(SIGUSR2, &before[1], nullptr);
  set_restart(nullptr);
  CHECK(ran_unscanned.load() == 0);
  CHECK(lost_marks.load() == 0);
  CHECK(marks_seen.load() > 0);
  CHECK(moved.load() == 0);
  CHECK(moved_before_release.load() == 0);
  CHECK(late_stores.load() == 0);
}
