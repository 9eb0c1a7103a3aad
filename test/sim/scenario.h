// What a simulated program is made of, and the words that the programs share.
//
// A scenario is a function that runs in a goroutine of its own while the simulator plays with every
// thread; it starts what it likes and returns when all of that is over. `expect` replaces doctest's
// CHECK: the first broken expectation ends the run, since only the seed matters then. Choices of a
// scenario come from the simulator's random numbers too, so that they are replayed with the rest.
// Runs in goroutines, outside the runtime. Not here: the simulator (sched/simulate.h), the seeds
// (main.cc).
#pragma once

#include <deque>
#include <functional>
#include <source_location>
#include <vector>

#include "base/assert.h"
#include "base/spin_lock.h"
#include "gort/go.hpp"
#include "sched/sched.h"
#include "sched/simulate.h"

namespace sim {

using gort::sched::Goroutine;
using gort::sched::Section;

struct Scenario {
  const char* name;
  void (*run)();
};
// Each file of scenarios has its list; main.cc joins them.
extern const std::vector<Scenario> scheduler_scenarios;
extern const std::vector<Scenario> thread_scenarios;
extern const std::vector<Scenario> public_scenarios;
extern const std::vector<Scenario> lock_scenarios;

inline gort::sched::Simulator* simulator = nullptr;

inline std::uint32_t below(std::uint32_t bound) { return simulator->random().below(bound); }

// User code that takes its time: whoever wants our processor can have it meanwhile.
inline void compute(std::uint32_t steps) {
  for (std::uint32_t i = below(steps + 1); i > 0; --i) gort::base::relax();
}

inline void expect(bool held, const char* what,
                   std::source_location at = std::source_location::current()) {
  if (held) return;
  gort::base::write_stderr("%s:%u: expected: %s\n", at.file_name(), at.line(), what);
  simulator->fail("an expectation is broken");
}
#define EXPECT(...) ::sim::expect(static_cast<bool>(__VA_ARGS__), #__VA_ARGS__)

// A counting semaphore with the scheduler's own means: the shortest program that can lose a
// wake-up.
class Tokens {
 public:
  explicit Tokens(int count = 0) : count_(count) {}
  void acquire() {
    Section section;
    lock_.lock();
    if (count_ > 0) {
      --count_;
      lock_.unlock();
      return;
    }
    waiters_.push_back(section.goroutine());
    lock_.unlock();
    section.park(gort::WaitReason::semacquire);
  }
  void release() {
    Section section;
    if (Goroutine* waiter = take()) section.ready(waiter);
  }
  void release_last() {
    Section section;
    if (Goroutine* waiter = take()) section.ready_last(waiter);
  }
  void release_and_yield_to() {
    gort::sched::Thread* thread = gort::sched::enter();
    if (Goroutine* waiter = take()) thread = gort::sched::yield_to(thread, waiter);
    gort::sched::leave(thread);
  }
  int count() const { return count_; }

 private:
  Goroutine* take() {
    gort::base::Guard guard(lock_);
    if (waiters_.empty()) {
      ++count_;
      return nullptr;
    }
    Goroutine* first = waiters_.front();
    waiters_.pop_front();
    return first;
  }
  gort::base::SpinLock lock_;
  int count_;
  std::deque<Goroutine*> waiters_;
};

// Starts goroutines and waits for all of them.
class Crew {
 public:
  template <class F>
  void go(F f) {
    ++size_;
    gort::go([this, f = std::move(f)]() mutable {
      f();
      done_.release();
    });
  }
  // A foreign OS thread, simulated; it detaches when `f` has returned.
  void start_thread(std::function<void()> f);
  void join() {
    for (; size_ > 0; --size_) done_.acquire();
  }

 private:
  int size_ = 0;
  Tokens done_;
};

}  // namespace sim
