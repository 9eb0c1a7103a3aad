// Tests of where OS threads wait: futexes, gates, the clock, and the simulation in their place.
//
// No test measures how long anything took: a sleep is judged by the clock having reached the
// deadline, never by how far it went beyond. Not here: a simulation that is one
// (sched/simulate_test.cc).
#include "base/event.h"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

#include "base/os_linux.h"

using namespace gort::base;

TEST_CASE("the clock does not go back") {
  std::int64_t last = now_ns();
  for (int i = 0; i < 1'000; ++i) {
    const std::int64_t now = now_ns();
    CHECK(now >= last);
    last = now;
  }
}

TEST_CASE("sleep_on returns when the word is not what was expected") {
  std::atomic<std::uint32_t> word{1};
  sleep_on(word, 0);
  CHECK(word == 1);
}

TEST_CASE("sleep_on ends at its deadline, also one in the past") {
  std::atomic<std::uint32_t> word{0};
  sleep_on(word, 0, now_ns() - 1'000'000);
  const std::int64_t deadline_ns = now_ns() + 2'000'000;
  while (now_ns() < deadline_ns) sleep_on(word, 0, deadline_ns);
  CHECK(now_ns() >= deadline_ns);
}

TEST_CASE("wake lets as many sleepers go on as it says") {
  std::atomic<std::uint32_t> word{0};
  std::atomic<int> awake{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (word.load() == 0) sleep_on(word, 0);
      ++awake;
    });
  }
  wake(word, 3);  // for nothing: they sleep again
  word = 1;
  while (awake < 3) wake(word, 1);
  for (std::thread& thread : threads) thread.join();
  CHECK(awake == 3);
}

TEST_CASE("an event lets everybody through once it is set") {
  Event event;
  CHECK_FALSE(event.is_set());
  int written = 0;
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      event.wait();
      right += written == 42;
    });
  }
  written = 42;
  event.set();
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 3);
  event.wait();
  event.reset();
  CHECK_FALSE(event.is_set());
}

TEST_CASE("backing off lets the other thread go on") {
  std::atomic<bool> done{false};
  std::thread other([&] { done = true; });
  Backoff backoff;
  while (!done) backoff.step();
  for (int i = 0; i < 200; ++i) backoff.step();  // down to the naps
  other.join();
}

TEST_CASE("start_thread runs the function with its argument") {
  struct Shared {
    Event done;
    std::thread::id by;
  } shared;
  const int error = start_thread(
      [](void* argument) -> void* {
        auto* it = static_cast<Shared*>(argument);
        it->by = std::this_thread::get_id();
        it->done.set();
        return nullptr;
      },
      &shared);
  CHECK(error == 0);
  shared.done.wait();
  CHECK(shared.by != std::this_thread::get_id());
}

namespace {

// Counts what it is asked and answers from a script.
struct Scripted final : Simulation {
  void relax() override { ++relaxed; }
  void sleep(std::atomic<std::uint32_t>& word, std::uint32_t, std::int64_t) override {
    ++slept;
    word = 1;
  }
  void wake(std::atomic<std::uint32_t>&, int count) override { woken += count; }
  std::int64_t now_ns() override { return 5; }
  int start_thread(void* (*)(void*), void*) override { return 11; }
  int relaxed = 0, slept = 0, woken = 0;
};

}  // namespace

TEST_CASE("a simulation is asked in place of the kernel") {
  Scripted scripted;
  simulation = &scripted;
  CHECK(now_ns() == 5);
  CHECK(start_thread(nullptr, nullptr) == 11);
  relax();
  Backoff().step();
  CHECK(scripted.relaxed == 2);
  Event event;
  event.wait();
  CHECK(scripted.slept == 1);
  std::atomic<std::uint32_t> word{0};
  gort::base::wake(word, 3);
  CHECK(scripted.woken == 3);
  simulation = nullptr;
}
