// Simulated programs of goroutines alone: parking, making ready, starting, ending, sleeping.
//
// Each is small, since a run is only one of hundreds and the simulator's choices, not the program's
// length, make it interesting. Runs in goroutines. Not here: threads, processors and blocking
// (thread_scenarios.cc).
#include <algorithm>
#include <exception>
#include <memory>

#include "sched/timer.h"
#include "test/sim/scenario.h"

namespace sim {
namespace {

// Pairs hand a token back and forth; the count of rounds is exact and nobody overtakes.
void ping_pong() {
  Crew crew;
  for (int pair = 0; pair < 3; ++pair) {
    struct Pair {
      Tokens ping, pong;
      int turn = 0;
    };
    auto both = std::make_shared<Pair>();
    crew.go([both] {
      for (int i = 0; i < 40; ++i) {
        EXPECT(both->turn == 0);
        both->turn = 1;
        both->ping.release();
        both->pong.acquire();
      }
    });
    crew.go([both] {
      for (int i = 0; i < 40; ++i) {
        both->ping.acquire();
        EXPECT(both->turn == 1);
        both->turn = 0;
        both->pong.release();
      }
    });
  }
  crew.join();
}

// Many goroutines share few tokens and give them back in every way there is.
void token_storm() {
  Tokens tokens(2);
  int inside = 0;
  Crew crew;
  for (int i = 0; i < 12; ++i) {
    crew.go([&] {
      for (int round = 0; round < 12; ++round) {
        tokens.acquire();
        ++inside;
        EXPECT(inside >= 1 && inside <= 2);
        compute(6);
        if (below(4) == 0) gort::yield();
        --inside;
        switch (below(3)) {
          case 0: tokens.release(); break;
          case 1: tokens.release_last(); break;
          default: tokens.release_and_yield_to();
        }
      }
    });
  }
  crew.join();
  EXPECT(tokens.count() == 2);
}

struct Tree {
  int leaves = 0;
  Crew crew;
  Tokens done;
};

void grow_tree(Tree* tree, int depth) {
  compute(10);
  if (depth == 0) {
    ++tree->leaves;
    tree->done.release_last();
    return;
  }
  for (int i = 0; i < 3; ++i) gort::go([=] { grow_tree(tree, depth - 1); });
  if (below(2) == 0) gort::yield();
}

// Goroutines start goroutines; every leaf is reached exactly once.
void spawn_tree() {
  Tree tree;
  gort::go([&] { grow_tree(&tree, 4); });
  for (int i = 0; i < 81; ++i) tree.done.acquire();
  EXPECT(tree.leaves == 81);
}

// Nobody who yields is lost, and each gets its turns.
void yielders() {
  Crew crew;
  int turns = 0;
  for (int i = 0; i < 8; ++i) {
    crew.go([&] {
      for (int round = 0; round < 30; ++round) {
        ++turns;
        compute(3);
        gort::yield();
      }
    });
  }
  crew.join();
  EXPECT(turns == 8 * 30);
}

// A sleep ends when its time has come, not before, and does end.
void sleepers() {
  Crew crew;
  for (int i = 0; i < 8; ++i) {
    crew.go([] {
      for (int round = 0; round < 6; ++round) {
        const std::int64_t until_ns = gort::base::now_ns() + below(300'000);
        {
          gort::sched::Thread* thread = gort::sched::enter();
          gort::sched::leave(gort::sched::sleep_until(thread, until_ns));
        }
        EXPECT(gort::base::now_ns() >= until_ns);
        compute(20);
      }
    });
  }
  crew.join();
}

struct Alarm : gort::sched::Timer {
  Tokens rung;
  int fired = 0;
};

std::int64_t ring(gort::sched::Timer* timer, std::int64_t) {
  auto* alarm = static_cast<Alarm*>(timer);
  ++alarm->fired;
  alarm->rung.release();
  return 0;
}

// A timer either fires or is removed; its memory is its owner's when remove_timer has returned.
void timer_races() {
  Crew crew;
  for (int i = 0; i < 6; ++i) {
    crew.go([] {
      for (int round = 0; round < 10; ++round) {
        auto alarm = std::make_unique<Alarm>();
        alarm->fire = ring;
        alarm->when_ns = gort::base::now_ns() + below(20'000);
        {
          Section section;
          gort::sched::add_timer(section.thread(), alarm.get());
        }
        compute(100);
        if (below(3) == 0) alarm->rung.acquire();
        bool removed;
        {
          Section section;
          removed = gort::sched::remove_timer(alarm.get());
        }
        EXPECT(alarm->fired == (removed ? 0 : 1));
        const int fired = alarm->fired;
        compute(20);
        EXPECT(alarm->fired == fired);
      }
    });
  }
  crew.join();
}

// An exception in flight belongs to its goroutine, wherever that parks.
void exceptions_in_flight() {
  Tokens tokens(1);
  Crew crew;
  for (int i = 0; i < 6; ++i) {
    crew.go([&tokens, i] {
      struct ParksWhileUnwinding {
        Tokens& tokens;
        ~ParksWhileUnwinding() {
          EXPECT(std::uncaught_exceptions() == 1);
          tokens.acquire();
          compute(4);
          gort::yield();
          tokens.release();
          EXPECT(std::uncaught_exceptions() == 1);
        }
      };
      for (int round = 0; round < 6; ++round) {
        EXPECT(std::uncaught_exceptions() == 0 && std::current_exception() == nullptr);
        try {
          ParksWhileUnwinding parks{tokens};
          throw i * 100 + round;
        } catch (int caught) {
          EXPECT(caught == i * 100 + round);
          tokens.acquire();
          if (below(2) == 0) gort::yield();
          tokens.release();
          try {
            std::rethrow_exception(std::current_exception());
          } catch (int again) {
            EXPECT(again == i * 100 + round);
          }
        }
      }
    });
  }
  crew.join();
}

// goexit runs the destructors, parks in some of them, and the goroutine is gone.
void goexit_storm() {
  Tokens done;
  constexpr int kCount = 20;
  int destroyed = 0;
  for (int i = 0; i < kCount; ++i) {
    gort::go([&] {
      struct Last {
        Tokens& done;
        int& destroyed;
        ~Last() {
          gort::yield();
          ++destroyed;
          done.release();
        }
      } last{done, destroyed};
      compute(5);
      gort::goexit();
    });
  }
  for (int i = 0; i < kCount; ++i) done.acquire();
  EXPECT(destroyed == kCount);
}

}  // namespace

const std::vector<Scenario> scheduler_scenarios = {
    {"ping_pong", ping_pong},
    {"token_storm", token_storm},
    {"spawn_tree", spawn_tree},
    {"yielders", yielders},
    {"sleepers", sleepers},
    {"timer_races", timer_races},
    {"exceptions", exceptions_in_flight},
    {"goexit_storm", goexit_storm},
};

}  // namespace sim
