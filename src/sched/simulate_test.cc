// Tests of the simulator: it repeats itself, keeps a clock, and finds threads that sleep for ever.
//
// Only base/'s waiting is used, no scheduler, so contexts are plain threads here; each test is a
// child process, as a simulator is for the rest of a process. Not here: the scheduler in it
// (test/sim).
#include "sched/simulate.h"

#include <doctest/doctest.h>

#include <cstdint>

#include "base/assert.h"
#include "base/child_process.h"
#include "base/spin_lock.h"

using gort::base::relax;
using gort::sched::Simulator;
using gort_test::Ended;
using gort_test::in_child;

namespace {

struct Shared {
  std::uint64_t trace = 1;
  int running = 0;
  gort::base::Event done;
};

void* write_trace(void* argument) {
  auto* shared = static_cast<Shared*>(argument);
  const auto mine = static_cast<std::uint64_t>(++shared->running);
  for (int i = 0; i < 50; ++i) {
    shared->trace = shared->trace * 31 + mine;
    relax();
  }
  if (--shared->running == 0) shared->done.set();
  return nullptr;
}

// The order in which four threads took turns, as a number on stderr.
Ended trace_of(std::uint64_t seed) {
  return in_child([seed] {
    Simulator simulator({.seed = seed});
    Shared shared;
    shared.running = 0;
    for (int i = 0; i < 4; ++i) gort::base::start_thread(write_trace, &shared);
    shared.done.wait();
    simulator.settle();
    gort::base::write_stderr("%llx", static_cast<unsigned long long>(shared.trace));
    return 0;
  });
}

}  // namespace

TEST_CASE("the same seed takes the same turns, another one others") {
  const Ended one = trace_of(1);
  CHECK(one.status == 0);
  CHECK_FALSE(one.text.empty());
  CHECK(trace_of(1).text == one.text);
  CHECK(trace_of(2).text != one.text);
}

TEST_CASE("time passes for sleepers without anybody waiting for it") {
  const Ended ended = in_child([] {
    Simulator simulator({.seed = 3});
    const std::int64_t start_ns = gort::base::now_ns();
    simulator.nap(3'600'000'000'000);  // an hour
    return gort::base::now_ns() - start_ns >= 3'600'000'000'000 ? 0 : 1;
  });
  CHECK(ended.status == 0);
}

TEST_CASE("threads that all sleep for ever are reported") {
  const Ended ended = in_child([] {
    Simulator simulator({.seed = 4});
    gort::base::Event never;
    never.wait();
    return 0;
  });
  CHECK(ended.status == 1);
  CHECK(ended.text.find("all threads sleep for ever") != std::string::npos);
}

TEST_CASE("a spin that nobody ends is reported") {
  const Ended ended = in_child([] {
    Simulator simulator({.seed = 5, .step_limit = 10'000});
    for (;;) relax();
    return 0;
  });
  CHECK(ended.status == 1);
  CHECK(ended.text.find("livelock") != std::string::npos);
}

TEST_CASE("a lock excludes simulated threads that overtake each other everywhere") {
  const Ended ended = in_child([] {
    Simulator simulator({.seed = 6, .switch_one_in = 1, .freeze_one_in = 20});
    struct Counted {
      gort::base::SpinLock lock;
      int inside = 0, count = 0, wrong = 0;
    } counted;
    for (int i = 0; i < 4; ++i) {
      gort::base::start_thread(
          [](void* argument) -> void* {
            auto* it = static_cast<Counted*>(argument);
            for (int round = 0; round < 100; ++round) {
              gort::base::Guard guard(it->lock);
              it->wrong += ++it->inside != 1;
              relax();
              --it->inside;
              ++it->count;
            }
            return nullptr;
          },
          &counted);
    }
    simulator.settle();
    return counted.count == 400 && counted.wrong == 0 ? 0 : 1;
  });
  CHECK(ended.status == 0);
}
