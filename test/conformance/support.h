// What the conformance tests share: waiting for things, knowing that something waits, leaving no
// trace.
//
// Every test runs inside the main goroutine (test/main.cc) and under GOMAXPROCS 1, 2 and 8, plain
// and under sanitizers; and any thread may be held up anywhere for as long as the system likes. So:
// a count of rounds goes through scaled(), and no test says how fast anything is or that something
// has happened after a while. "It blocks" means that the scheduler says that it waits, and that it
// has not gone on 10 ms later; "it happens" means within a minute, which only tells what hangs. A
// timer that must not fire during a test has an hour.
// CHECK and never REQUIRE: a goroutine that an exception leaves ends the process.
// Loops count their errors and CHECK the sum, since a doctest assertion costs more than what it
// looks at.
// A test that leaves goroutines behind on purpose lets them hold nothing, so that no leak is
// reported.
// Not here: programs that must die (test/crash), random programs (test/stress).
#pragma once

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include <gort/gort.hpp>

#include "sched/sched.h"

#if defined(__SANITIZE_ADDRESS__)
#define GORT_TEST_ASAN 1
#elif defined(__SANITIZE_THREAD__)
#define GORT_TEST_TSAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GORT_TEST_ASAN 1
#elif __has_feature(thread_sanitizer)
#define GORT_TEST_TSAN 1
#endif
#endif

namespace conformance {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

#if defined(GORT_TEST_TSAN)
inline constexpr int kSlowdown = 20;
#elif defined(GORT_TEST_ASAN)
inline constexpr int kSlowdown = 8;
#elif defined(GORT_TEST_EMULATED)
inline constexpr int kSlowdown = 8;
#else
inline constexpr int kSlowdown = 1;
#endif
inline constexpr bool kSanitized = kSlowdown > 1;  // or emulated

// How many rounds of `plain` a build with sanitizers does: fewer, but never none.
constexpr int scaled(int plain) {
  const int rounds = plain / kSlowdown;
  return rounds > 0 ? rounds : 1;
}

// True as soon as `happened()` is, false when it has not been for a minute: then it hangs.
template <class Predicate>
bool eventually(Predicate happened) {
  const auto limit = Clock::now() + 60s;
  while (!happened()) {
    if (Clock::now() > limit) return false;
    gort::sleep(500us);
  }
  return true;
}

// What is known of a goroutine from outside. A default one is of a goroutine that has yet to begin.
struct Observed {
  std::atomic<const gort::sched::Goroutine*> record{nullptr};
  std::atomic<bool> ended{false};

  void begin() {  // called by the goroutine
    gort::sched::Section section;
    record = section.goroutine();
  }
  // It stands in the queue in which it waits for what the test does, or is inside gort::blocking.
  // False if it has ended.
  bool waits() const {
    eventually([this] { return ended.load() || has_arrived(); });
    return !ended.load();
  }
  bool still_runs() const {
    gort::sleep(10ms);
    return !ended.load();
  }

 private:
  // What it waits for on its way does not count: a mutex of the library's own, that another caller
  // holds for a moment, and a collection that begins at one of its allocations.
  bool has_arrived() const {
    using gort::sched::Status;
    using gort::WaitReason;
    const auto* goroutine = record.load();
    if (goroutine == nullptr) return false;
    const Status status = goroutine->status.load();
    if (status != Status::waiting) return status == Status::blocking;
    const WaitReason reason = goroutine->wait_reason.load();
    return reason != WaitReason::mutex_lock && reason != WaitReason::gc_cycle;
  }
};

// A goroutine started to see whether it waits, and whether it gets to its end.
class Started {
 public:
  template <class F>
  explicit Started(F f) {
    gort::go([f = std::move(f), observed = observed_]() mutable {
      observed->begin();
      f();
      observed->ended.store(true);
    });
  }

  bool waits() const { return observed_->waits(); }
  // It waits, and still does 10 ms later.
  bool blocks() const { return waits() && still_runs(); }
  // It has not ended, 10 ms from now; it may wait where gort does not see it.
  bool still_runs() const { return observed_->still_runs(); }
  bool ends() const {
    return eventually([this] { return observed_->ended.load(); });
  }

 private:
  std::shared_ptr<Observed> observed_ = std::make_shared<Observed>();
};

// For calls that must block for ever: the goroutine that makes the call stays behind and holds
// nothing.
template <class F>
bool blocks_for_ever(F) {
  static Observed observed;  // one per lambda type
  gort::go([] {
    observed.begin();
    F{}();
    observed.ended.store(true);
  });
  return observed.waits() && observed.still_runs();
}

// Checks, at the end of its scope, that the goroutines started in it have ended.
class NoGoroutineLeft {
 public:
  NoGoroutineLeft() : before_(gort::num_goroutine()) {}
  NoGoroutineLeft(const NoGoroutineLeft&) = delete;
  NoGoroutineLeft& operator=(const NoGoroutineLeft&) = delete;
  ~NoGoroutineLeft() {
    CHECK(eventually([this] { return gort::num_goroutine() <= before_; }));
  }

 private:
  decltype(gort::num_goroutine()) before_;
};

// Another number of processors within a scope.
class Processors {
 public:
  explicit Processors(int n) : before_(gort::gomaxprocs()) { gort::gomaxprocs(n); }
  Processors(const Processors&) = delete;
  Processors& operator=(const Processors&) = delete;
  ~Processors() { gort::gomaxprocs(before_); }

 private:
  int before_;
};

// what() of the E that `f` throws; "" if it throws none.
template <class E, class F>
std::string thrown_by(F&& f) {
  try {
    std::forward<F>(f)();
  } catch (const E& e) {
    return e.what();
  }
  return "";
}

// A value that can only be moved and knows whether it still holds something.
struct MoveOnly {
  explicit MoveOnly(int v) : value(std::make_unique<int>(v)) {}
  std::unique_ptr<int> value;
};

}  // namespace conformance
