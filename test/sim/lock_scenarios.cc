// Simulated programs on the locks: mutexes, conditions, readers and writers, groups, permits.
//
// A lock that loses a wake-up leaves everybody asleep, which the simulator reports; one that lets
// two in is seen by counting who is inside. Waits that give up at a deadline race with the wake-up
// that was meant for them. Runs in goroutines. Not here: fairness and misuse (src/sync/*_test.cc).
#include <chrono>
#include <optional>

#include "gort/context.hpp"
#include "gort/mutex.hpp"
#include "gort/sync.hpp"
#include "gort/time.hpp"
#include "test/sim/scenario.h"

namespace sim {
namespace {

// Calls wait(), or wait(ctx) with a context that ends soon; true if it was not given up.
template <class Wait>
bool wait_or_give_up(Wait wait) {
  if (below(3) != 0) {
    wait(gort::background());
    return true;
  }
  auto [ctx, cancel] =
      gort::with_timeout(gort::background(), std::chrono::nanoseconds(below(20'000)));
  try {
    wait(ctx);
    return true;
  } catch (const gort::context_error&) {
    return false;
  }
}

// One at a time is inside, however they came by the lock; each waiter comes in or gives up.
void mutexes() {
  gort::mutex mutexes[2];
  int inside[2] = {0, 0};
  Crew crew;
  for (int i = 0; i < 5; ++i) {
    crew.go([&] {
      for (int round = 0; round < 12; ++round) {
        const std::uint32_t which = below(2);
        gort::mutex& mutex = mutexes[which];
        if (below(4) == 0 ? !mutex.try_lock()
                          : !wait_or_give_up([&](const auto& ctx) { mutex.lock(ctx); })) {
          continue;
        }
        EXPECT(++inside[which] == 1);
        // Longer than a millisecond now and then: somebody starves and is handed the lock.
        below(8) == 0 ? gort::sleep(std::chrono::milliseconds(1)) : compute(20);
        EXPECT(--inside[which] == 0);
        mutex.unlock();
        compute(10);
      }
    });
  }
  crew.join();
  EXPECT(mutexes[0].try_lock() && mutexes[1].try_lock());
}

// A mutex on the stack of one who waited for it last: nobody may touch it after that.
void short_lived_mutexes() {
  for (int round = 0; round < 6; ++round) {
    Crew crew;
    std::optional<gort::mutex> mutex(std::in_place);
    std::optional<gort::wait_group> ended(std::in_place);
    ended->add(3);
    for (int i = 0; i < 3; ++i) {
      crew.go([&] {
        mutex->lock();
        compute(10);
        mutex->unlock();
        ended->done();
      });
    }
    ended->wait();
    ended.reset();
    mutex.reset();
    compute(20);
    crew.join();
  }
}

// A bounded queue of a mutex and two conditions; both sides give up now and then.
void conditions() {
  constexpr int kEach = 15, kRoom = 2;
  gort::mutex mutex;
  gort::cond not_full, not_empty;
  int queued = 0, taken = 0;
  const auto wait_for = [&](gort::cond& cond, auto ready) {
    while (!ready()) wait_or_give_up([&](const auto& ctx) { cond.wait(mutex, ctx); });
  };
  Crew crew;
  for (int i = 0; i < 3; ++i) {
    crew.go([&] {
      for (int round = 0; round < kEach; ++round) {
        mutex.lock();
        wait_for(not_full, [&] { return queued < kRoom; });
        ++queued;
        if (below(2) == 0)
          not_empty.signal();
        else
          not_empty.broadcast();
        mutex.unlock();
      }
    });
    crew.go([&] {
      for (int round = 0; round < kEach; ++round) {
        mutex.lock();
        wait_for(not_empty, [&] { return queued > 0; });
        --queued;
        ++taken;
        mutex.unlock();
        not_full.signal();  // the lock need not be held
      }
    });
  }
  crew.join();
  EXPECT(queued == 0);
  EXPECT(taken == 3 * kEach);
}

// Readers see no writer and writers nobody else.
void readers_and_writers() {
  gort::rw_mutex lock;
  int readers = 0, writers = 0;
  Crew crew;
  for (int i = 0; i < 5; ++i) {
    crew.go([&, writes = i < 2] {
      for (int round = 0; round < 10; ++round) {
        if (writes) {
          if (!wait_or_give_up([&](const auto& ctx) { lock.lock(ctx); })) continue;
          EXPECT(++writers == 1 && readers == 0);
          compute(10);
          --writers;
          lock.unlock();
        } else {
          if (!wait_or_give_up([&](const auto& ctx) { lock.lock_shared(ctx); })) continue;
          ++readers;
          EXPECT(writers == 0);
          compute(10);
          --readers;
          lock.unlock_shared();
        }
        compute(5);
      }
    });
  }
  crew.join();
  EXPECT(lock.try_lock());
}

// A group that is used again and again: all who wait return, and not before the last is done.
void groups() {
  gort::wait_group group;
  for (int round = 0; round < 6; ++round) {
    int done = 0;
    Crew waiting;
    group.add(4);
    for (int i = 0; i < 3; ++i) {
      waiting.go([&] {
        if (wait_or_give_up([&](const auto& ctx) { group.wait(ctx); })) EXPECT(done == 4);
      });
    }
    for (int i = 0; i < 4; ++i) {
      gort::go([&] {
        compute(10);
        ++done;
        group.done();
      });
    }
    group.wait();
    EXPECT(done == 4);
    waiting.join();
  }
}

// No more permits are out than there are, and all are back in the end.
void permits() {
  constexpr int kPermits = 4;
  gort::semaphore semaphore(kPermits);
  int held = 0;
  Crew crew;
  for (int i = 0; i < 5; ++i) {
    crew.go([&] {
      for (int round = 0; round < 10; ++round) {
        const int wanted = 1 + static_cast<int>(below(kPermits));
        if (!wait_or_give_up([&](const auto& ctx) { semaphore.acquire(wanted, ctx); })) continue;
        held += wanted;
        EXPECT(held <= kPermits);
        compute(10);
        held -= wanted;
        semaphore.release(wanted);
      }
    });
  }
  crew.join();
  EXPECT(semaphore.try_acquire(kPermits));
}

}  // namespace

const std::vector<Scenario> lock_scenarios = {
    {"mutexes", mutexes},       {"short_lived_mutexes", short_lived_mutexes},
    {"conditions", conditions}, {"readers_and_writers", readers_and_writers},
    {"groups", groups},         {"permits", permits},
};

}  // namespace sim
