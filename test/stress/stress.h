// What the random programs share: a seed, a duration, a watchdog and bad weather.
//
// Every program draws its choices from one seed, prints it, and checks what must hold whatever was
// chosen: that values are conserved, that locks exclude, that nothing is early and that everybody
// ends. The schedule itself is not repeatable (test/sim has one that is); the seed repeats the
// program's shape, which is mostly enough to see a failure again:
//     GORT_STRESS_SEED=123 GORT_STRESS_SECONDS=60 ./stress_test -tc="*channel*"
// A lost wake-up shows as a program that stands still. The watchdog, a thread that knows nothing of
// gort, then prints the seed and sends SIGQUIT, on which gort dumps all goroutines and exits.
// Threads that lose their CPU at bad moments are naps.cc's.
// Not here: known programs with known answers (test/conformance).
#pragma once

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include <gort/gort.hpp>

namespace stress {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// A small generator of its own, so that each goroutine has one and a seed means the same
// everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {  // splitmix64
    state_ += 0x9e3779b97f4a7c15u;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  int below(int n) { return static_cast<int>(next() % static_cast<std::uint64_t>(n)); }
  int between(int least, int most) { return least + below(most - least + 1); }
  bool one_in(int n) { return below(n) == 0; }
  template <class T>
  T& pick(std::vector<T>& from) {
    return from[static_cast<std::size_t>(below(static_cast<int>(from.size())))];
  }
  // The generator of a part of the program, independent of when that part runs.
  Random child() { return Random(next()); }

 private:
  std::uint64_t state_;
};

// One random program: announces its seed, says when its time is over, and dies if it stands still.
class Program {
 public:
  explicit Program(const char* name);
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program();

  Random& random() { return random_; }
  // Time to come to an end; asked between rounds.
  bool over() { return Clock::now() >= end_; }

 private:
  void watch();

  const char* name_;
  std::uint64_t seed_;
  Random random_;
  Clock::time_point end_;
  std::mutex lock_;
  std::condition_variable ended_changed_;
  bool ended_ = false;
  std::thread watchdog_;
};

// While it lives: gomaxprocs changes at random, goroutines hog their processor without a call,
// block in libc calls announced and not, throw, catch and rethrow across switches, and threads come
// and go.
class Weather {
 public:
  explicit Weather(Random& random);
  Weather(const Weather&) = delete;
  Weather& operator=(const Weather&) = delete;
  ~Weather();

 private:
  void start(Random random, void (Weather::*part)(Random&));
  void change_processors(Random& random);
  void hog(Random& random);
  void block(Random& random);
  void throw_and_catch(Random& random);
  void come_and_go(Random& random);

  int processors_;
  std::atomic<bool> over_{false};
  std::atomic<int> wrong_{0};
  gort::wait_group parts_;
};

// Gives way in one of the ways there are, or not at all.
void hesitate(Random& random);

// Runs `f(i)` for i in [0, n) on goroutines, or, one in three, on ordinary threads; join() waits
// for all.
class Crowd {
 public:
  explicit Crowd(Random& random) : random_(random.child()) {}
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;
  ~Crowd() { join(); }

  void start(std::function<void(Random&)> f);
  void join();

 private:
  Random random_;
  gort::wait_group goroutines_;
  std::vector<std::thread> threads_;
};

// A collected object that tells whether it is whole.
struct Item {
  std::uint64_t number;
  std::uint64_t check;

  bool is_whole() const { return check == ~number; }
  bool is(std::uint64_t n) const { return number == n && is_whole(); }
};
inline Item* new_item(std::uint64_t number) {
  Item* const item = gort::new_<Item>();
  item->number = number;
  item->check = ~number;
  return item;
}

}  // namespace stress
