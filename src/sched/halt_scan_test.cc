// Tests of the look at a goroutine before it runs, of records, of which memory is a stack, and of
// the runtime's own goroutines.
//
// Not here: halting threads (halt_test.cc), deadlocks (test/crash/deadlock_system.cc).
#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <thread>

#include "gort/chan.hpp"
#include "gort/runtime.hpp"
#include "gort/sync.hpp"
#include "sched/halt_fixture.h"

using namespace gort_test;

namespace {

thread_local volatile int of_thread = 0;

}  // namespace

namespace {

std::atomic<int> scans{0};
std::atomic<int> found_in_scan{0};

void note_scan(Goroutine* goroutine) {
  const StackRange stack = parked_stack(goroutine);
  goroutine->scanned.store(scan_epoch.load(), std::memory_order_release);
  scans.fetch_add(1);
  if (holds(stack.low, stack.high)) found_in_scan.fetch_add(1);
}

// As a collector: those that run are scanned at once, among them the caller.
void set_epoch(std::uint32_t epoch) {
  StoppedWorld world;
  HaltedThreads threads(world.token());
  scan_epoch.store(epoch);
  gort::base::current_thread()->current->scanned.store(epoch);
  for (unsigned i = 0; i < threads.count(); ++i) {
    const Halted& it = threads[i];
    if (!it.halted) continue;
    it.goroutine->scanned.store(epoch);
    scans.fetch_add(1);
    if (on_stack(it)) found_in_scan.fetch_add(1);
  }
}

}  // namespace

TEST_CASE("each goroutine is scanned in a cycle before it runs, with what its stack holds") {
  set_scanner(note_scan);
  // One for each round: nobody takes another's turn.
  const gort::chan<int> go_on[] = {gort::make<gort::chan<int>>(), gort::make<gort::chan<int>>(),
                                   gort::make<gort::chan<int>>()};
  auto answers = gort::make<gort::chan<int>>(100);
  std::atomic<int> waiting{0};
  for (int i = 0; i < 40; ++i) {
    gort::go([=, &waiting] {
      [[maybe_unused]] volatile std::uint64_t kept = ~kHidden;
      waiting.fetch_add(1);
      for (const auto& turn : go_on) {
        turn.recv();
        answers.send(1);
        gort::yield();
      }
      kept = 0;
    });
  }
  wait_until([&] { return waiting.load() == 40; });
  const auto take_turns = [&](int round) {
    for (int i = 0; i < 40; ++i) go_on[round].send(i);
    for (int i = 0; i < 40; ++i) answers.recv();
  };
  for (int round = 0; round < 2; ++round) {
    scans.store(0);
    found_in_scan.store(0);
    set_epoch(static_cast<std::uint32_t>(round + 7));
    take_turns(round);
    CHECK(scans.load() >= 40);
    CHECK(found_in_scan.load() == 40);
    set_epoch(0);
  }
  scans.store(0);
  set_epoch(9);
  for (int i = 0; i < 10; ++i) gort::go([=] { answers.send(i); });
  for (int i = 0; i < 10; ++i) answers.recv();
  CHECK(scans.load() >= 10);  // when they were started
  set_epoch(0);
  take_turns(2);
  wait_until([] { return gort::num_goroutine() == 1; });  // they held what the next tests look for
}

TEST_CASE("a foreign thread that wakes during a cycle is scanned first") {
  set_scanner(note_scan);
  {
    ParkedThread sleeper;
    wait_until([] {
      return count_halted([](const Halted& it) { return !it.halted && on_stack(it); }) == 1;
    });
    found_in_scan.store(0);
    set_epoch(11);
    sleeper.wake();
    wait_until([] { return found_in_scan.load() == 1; });
  }
  set_epoch(0);
}

namespace {
int of_program = 0;
}

TEST_CASE("stacks and thread-local storage are told from other memory") {
  [[maybe_unused]] const auto look = [] {
    volatile int local = 1;
    CHECK(is_in_scanned_stack(const_cast<const int*>(&local)));
    CHECK(is_in_scanned_stack(const_cast<const int*>(&of_thread)));
    CHECK_FALSE(is_in_scanned_stack(&of_program));
    const auto on_heap = std::make_unique<int>(1);
    CHECK_FALSE(is_in_scanned_stack(on_heap.get()));
  };
#if !defined(__SANITIZE_ADDRESS__)
  look();
  gort::blocking(look);
  std::thread([&] {
    { Section attached; }
    look();
  }).join();
  std::atomic<bool> done{false};
  gort::go(gort::goroutine_options{.stack_limit = std::size_t{900} << 20}, [&] {
    look();
    done.store(true);
  });
  wait_until([&] { return done.load(); });
#endif
}

TEST_CASE("every goroutine's record is met, from the first to the last") {
  auto c = gort::make<gort::chan<int>>();
  for (int i = 0; i < 100; ++i) gort::go([=] { c.recv(); });
  wait_until([&] { return gort::num_goroutine() >= 101; });
  int parked = 0, all = 0;
  scheduler.goroutines.for_each([&](Goroutine& goroutine) {
    ++all;
    parked += goroutine.status.load() == Status::waiting;
  });
  wait_until([&] {
    parked = 0;
    scheduler.goroutines.for_each(
        [&](Goroutine& it) { parked += it.status.load() == Status::waiting; });
    return parked >= 100;
  });
  CHECK(all > 100);
  for (int i = 0; i < 100; ++i) c.send(i);
  wait_until([] { return gort::num_goroutine() == 1; });
}

namespace {
struct SystemWork {
  std::atomic<int> rounds{0};
  std::atomic<bool> stop{false};
  std::atomic<bool> ended{false};
};
void work_and_sleep(void* argument) {
  auto& work = *static_cast<SystemWork*>(argument);
  while (!work.stop.load()) {
    work.rounds.fetch_add(1);
    leave(sleep_until(enter(), gort::base::now_ns() + 100'000));
  }
  work.ended.store(true);
}
}  // namespace

TEST_CASE("a system goroutine runs, sleeps and is not counted") {
  SystemWork work;
  const std::int64_t before = gort::num_goroutine();
  CHECK(spawn_system(work_and_sleep, &work) != nullptr);
  wait_until([&] { return work.rounds.load() >= 5; });
  CHECK(gort::num_goroutine() == before);
  work.stop.store(true);
  wait_until([&] { return work.ended.load(); });
  CHECK(gort::num_goroutine() == before);
}
