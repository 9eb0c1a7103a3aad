// What the tests of the collector share: seeing that something is collected, and that something is
// not.
//
// Stacks are scanned conservatively: an address that a test has had in its hands may still lie in
// its registers or in a dead part of its frame, and would keep the object. So what is to die is
// made and dropped elsewhere(): on a goroutine of its own, whose stack is gone when it has ended,
// and wiped, since the next one on it has places in its frames that it does not fill.
// And since any word may look like an address, "it dies" is said of most of many objects, or waited
// for over several collections. That something lives needs no such care.
#pragma once

#include "support.h"

#include <atomic>
#include <cstdint>
#include <utility>

namespace conformance {

// Overwrites what calls have left behind below the caller's frame.
[[gnu::noinline]] inline void wipe_stack() {
  volatile char bytes[16'384];
  for (auto& byte : bytes) byte = 0;
}
template <class F>
[[gnu::noinline]] void call(F& f) {
  f();
}

// Runs `f` on a goroutine of its own and waits for its end.
template <class F>
void elsewhere(F f) {
  gort::wait_group ended;
  ended.go([f = std::move(f)]() mutable {
    call(f);
    wipe_stack();
  });
  ended.wait();
}

// True as soon as `happened()` is, with a collection before each look; false after a minute.
template <class Predicate>
bool after_collections(Predicate happened) {
  return eventually([&] {
    gort::gc();
    return happened();
  });
}

// Collects on end, on a goroutine of its own, for the length of a scope.
class ConstantCollection {
 public:
  ConstantCollection() {
    collecting_.go([this] {
      while (!over_.load()) {
        gort::gc();
        gort::yield();
      }
    });
  }
  ConstantCollection(const ConstantCollection&) = delete;
  ConstantCollection& operator=(const ConstantCollection&) = delete;
  ~ConstantCollection() {
    over_ = true;
    collecting_.wait();
  }

 private:
  std::atomic<bool> over_{false};
  gort::wait_group collecting_;
};

// Another GOGC within a scope.
class GcPercent {
 public:
  explicit GcPercent(int percent) : before_(gort::set_gc_percent(percent)) {}
  GcPercent(const GcPercent&) = delete;
  GcPercent& operator=(const GcPercent&) = delete;
  ~GcPercent() { gort::set_gc_percent(before_); }

 private:
  int before_;
};

// Allocates and drops objects of some sizes, with pointers and without, so that freed slots are
// soon used for something else.
inline void churn_heap(int objects) {
  struct Tiny {
    std::uint64_t words[2];
  };
  struct Small {
    std::uint64_t words[4];
  };
  struct Large {
    std::uint64_t words[60];
  };
  struct Linked {
    gort::ptr<Linked> next;
    std::uint64_t word;
  };
  for (int i = 0; i < objects; ++i) {
    for (auto& word : gort::new_<Tiny>()->words) word = 0x5a5a5a5a5a5a5a5a;
    for (auto& word : gort::new_<Small>()->words) word = 0x5a5a5a5a5a5a5a5a;
    for (auto& word : gort::new_<Large>()->words) word = 0x5a5a5a5a5a5a5a5a;
    gort::new_<Linked>()->word = 0x5a5a5a5a5a5a5a5a;
  }
}

// Two collections and something new in what they freed.
inline void collect_and_churn() {
  gort::gc();
  churn_heap(scaled(2'000));
  gort::gc();
}

// An object that tells whether it is whole.
struct Cell {
  std::uint64_t value = 0;
  std::uint64_t inverse = ~std::uint64_t{0};

  bool holds(std::uint64_t expected) const { return value == expected && inverse == ~expected; }
};
inline Cell* new_cell(std::uint64_t value) {
  Cell* const cell = gort::new_<Cell>();
  cell->value = value;
  cell->inverse = ~value;
  return cell;
}

// An object that tells how many of its kind have ended, and how often one ended that was not whole.
// A test that says how many end at most has a kind of its own: another test's may end late.
template <class Test>
struct MortalOf {
  static constexpr std::uint64_t kWhole = 0x0ddba11c0ffee;

  explicit MortalOf(std::uint64_t n = 0) : number(n) {}
  MortalOf(const MortalOf&) = delete;
  MortalOf& operator=(const MortalOf&) = delete;
  ~MortalOf() {
    if (check != kWhole) ++broken;
    check = 0;
    ++ended;
  }

  std::uint64_t check = kWhole;
  std::uint64_t number;

  static inline std::atomic<int> ended{0};
  static inline std::atomic<int> broken{0};
};
using Mortal = MortalOf<void>;

// Whether `count` of them, made and dropped elsewhere, end: whole, and but for the few that words
// of dead frames may keep.
template <class Mine>
bool nearly_all_end(int count) {
  return after_collections([=] { return Mine::ended.load() >= count - 10; }) &&
         Mine::broken.load() == 0;
}

}  // namespace conformance
