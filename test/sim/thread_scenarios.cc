// Simulated programs in which threads and processors change: blocking calls, locked threads,
// foreign threads, gomaxprocs, the stopped world.
//
// Runs in goroutines and on simulated foreign threads. Not here: goroutines alone
// (scheduler_scenarios.cc).
#include <memory>

#include "sched/attach.h"
#include "sched/world.h"
#include "test/sim/scenario.h"

namespace sim {

// Waits until the thread is attached: before that it does not count for the deadlock rule.
void Crew::start_thread(std::function<void()> f) {
  ++size_;
  struct Start {
    std::function<void()> f;
    Tokens* done;
    bool* attached;
  };
  bool attached = false;
  auto* start = new Start{std::move(f), &done_, &attached};
  gort::base::start_thread(
      [](void* argument) -> void* {
        std::unique_ptr<Start> mine(static_cast<Start*>(argument));
        gort::yield();
        *mine->attached = true;
        mine->f();
        mine->done->release();
        gort::sched::detach_foreign_thread();
        return nullptr;
      },
      start);
  gort::blocking([&] {
    while (!attached) simulator->nap(1'000);
  });
}

namespace {

// More blocking calls at a time than processors; each comes back, and others run meanwhile.
void blocking_calls() {
  Crew crew;
  int finished = 0;
  for (int i = 0; i < 8; ++i) {
    crew.go([&] {
      for (int round = 0; round < 6; ++round) {
        gort::blocking([] {
          if (below(3) == 0) return;  // a call that is over at once
          simulator->nap(below(100'000));
        });
        compute(5);
        if (below(3) == 0) gort::yield();
      }
      ++finished;
    });
  }
  crew.join();
  EXPECT(finished == 8);
}

// A call that nobody announced: the monitor's stand-in may take the processor away, or not.
void silent_blocking() {
  Crew crew;
  Tokens tokens(1);
  for (int i = 0; i < 6; ++i) {
    crew.go([&] {
      for (int round = 0; round < 4; ++round) {
        simulator->nap(below(50'000));
        tokens.acquire();
        compute(5);
        tokens.release();
      }
    });
  }
  crew.join();
}

// Short goroutines that take over each other's stacks, and lose the processor before they have ever
// been switched away from: the global queue is never empty for long.
void short_lives() {
  Crew crew;
  int turns = 0;
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 12; ++i) {
      crew.go([&] {
        ++turns;
        compute(40);
      });
    }
    {
      gort::sched::StoppedWorld world;
      gort::sched::resize_processors(world.token(), 1 + static_cast<int>(below(4)));
    }
    compute(60);
    if (below(2) == 0) gort::yield();
  }
  crew.join();
  EXPECT(turns == 120);
}

// A locked goroutine runs on its thread and on no other, and nobody else runs there.
void locked_threads() {
  Crew crew;
  Tokens tokens(1);
  for (int i = 0; i < 5; ++i) {
    crew.go([&, i] {
      const int depth = 1 + static_cast<int>(below(2));
      for (int n = 0; n < depth; ++n) gort::sched::lock_thread();
      const auto* mine = gort::base::current_thread();
      for (int round = 0; round < 8; ++round) {
        tokens.acquire();
        EXPECT(gort::base::current_thread() == mine);
        if (below(3) == 0) gort::yield();
        if (below(6) == 0) gort::blocking([] { simulator->nap(below(10'000)); });
        tokens.release();
        EXPECT(gort::base::current_thread() == mine);
        compute(5);
      }
      if (i % 2 == 0) return;  // ends locked: its thread ends too
      for (int n = 0; n < depth; ++n) gort::sched::unlock_thread();
      gort::yield();
    });
    crew.go([&] {
      for (int round = 0; round < 8; ++round) {
        tokens.acquire();
        compute(3);
        tokens.release_last();
      }
    });
  }
  crew.join();
}

// The number of processors changes while everybody works.
void resizing() {
  Crew crew;
  Tokens tokens(1);
  for (int i = 0; i < 8; ++i) {
    crew.go([&] {
      for (int round = 0; round < 10; ++round) {
        tokens.acquire();
        compute(4);
        tokens.release();
        if (below(4) == 0) gort::yield();
        if (below(8) == 0) {
          gort::sched::Thread* thread = gort::sched::enter();
          const std::int64_t until_ns = gort::base::now_ns() + below(20'000);
          gort::sched::leave(gort::sched::sleep_until(thread, until_ns));
        }
      }
    });
  }
  for (int round = 0; round < 6; ++round) {
    {
      gort::sched::StoppedWorld world;
      gort::sched::resize_processors(world.token(), 1 + static_cast<int>(below(5)));
    }
    compute(200);
    gort::yield();
  }
  crew.join();
}

// Threads that gort did not make start goroutines, make others ready, and wait themselves.
void foreign_threads() {
  Crew crew;
  Tokens there, back;
  int carried = 0;
  for (int i = 0; i < 3; ++i) {
    crew.start_thread([&] {
      for (int round = 0; round < 6; ++round) {
        gort::go([&] {
          there.release();
          compute(10);
        });
        compute(20);
        back.acquire();
        if (below(4) == 0) gort::yield();
        if (below(4) == 0) {
          gort::sched::Thread* thread = gort::sched::enter();
          const std::int64_t until_ns = gort::base::now_ns() + below(20'000);
          gort::sched::leave(gort::sched::sleep_until(thread, until_ns));
        }
      }
    });
    crew.go([&] {
      for (int round = 0; round < 6; ++round) {
        there.acquire();
        ++carried;
        back.release();
      }
    });
  }
  crew.join();
  EXPECT(carried == 18);
}

// In a stopped world no goroutine makes a step, and every one of them is found.
void stopped_worlds() {
  Crew crew;
  int running = 0;
  Tokens tokens;
  for (int i = 0; i < 6; ++i) {
    crew.go([&] {
      for (int round = 0; round < 15; ++round) {
        {
          Section section;
          ++running;
        }
        if (below(3) == 0) gort::yield();
      }
      tokens.acquire();
    });
  }
  for (int round = 0; round < 5; ++round) {
    {
      gort::sched::StoppedWorld world;
      const int seen = running;
      int goroutines = 0;
      gort::sched::for_each_goroutine(world.token(), [&](Goroutine*) { ++goroutines; });
      compute(50);
      EXPECT(running == seen);
      EXPECT(goroutines >= 7);
    }
    compute(20);
    gort::yield();
  }
  for (int i = 0; i < 6; ++i) tokens.release();
  crew.join();
}

}  // namespace

const std::vector<Scenario> thread_scenarios = {
    {"blocking_calls", blocking_calls},
    {"silent_blocking", silent_blocking},
    {"short_lives", short_lives},
    {"locked_threads", locked_threads},
    {"resizing", resizing},
    {"foreign_threads", foreign_threads},
    {"stopped_worlds", stopped_worlds},
};

}  // namespace sim
