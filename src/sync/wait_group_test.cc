// Tests of wait_group: the count, who is let go, and when it may end.
//
// Reuse and the like as Go's tests have them are in test/conformance/sync_waiting.cc; misuse in
// test/crash.
#include <gort/sync.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gort/runtime.hpp>
#include <gort/time.hpp>

using namespace std::chrono_literals;

namespace {

class Processors {
 public:
  explicit Processors(int n) : before_(gort::gomaxprocs()) { gort::gomaxprocs(n); }
  ~Processors() { gort::gomaxprocs(before_); }

 private:
  int before_;
};

}  // namespace

TEST_CASE("a wait_group counts what is added and waits for as many") {
  gort::wait_group group;
  int done = 0;
  group.add(3);
  group.add(-1);
  gort::go([&] {
    ++done;
    group.done();
    ++done;
    group.done();
  });
  group.wait();
  CHECK(done == 2);
  group.wait();
}

TEST_CASE("go passes arguments, and a function that cannot be copied is moved") {
  gort::wait_group group;
  std::string got;
  int sum = 0;
  group.go([&](std::string s, int n) { got = s + std::to_string(n); }, "x", 1);
  group.go([&sum, p = std::make_unique<int>(7)] { sum += *p; });
  group.wait();
  CHECK(got == "x1");
  CHECK(sum == 7);
}

TEST_CASE("what copying the function throws is thrown by go, and nothing is counted") {
  struct Difficult {
    Difficult() = default;
    Difficult(const Difficult&) { throw std::runtime_error("no copy"); }
    void operator()() const {}
  };
  gort::wait_group group;
  const Difficult f;
  CHECK_THROWS_WITH(group.go(f), "no copy");
  group.wait();
}

TEST_CASE("a goroutine that ends by goexit is done") {
  gort::wait_group group;
  group.go([] { gort::goexit(); });
  group.wait();
}

TEST_CASE("the last done may be the end of the group, whoever makes it") {
  for (int processors : {1, 2}) {
    Processors n(processors);
    for (int round = 0; round < 1'000; ++round) {
      auto group = std::make_unique<gort::wait_group>();
      int plain = 0;
      group->add(2);
      gort::go([&, g = group.get()] {
        plain = round;
        g->done();
      });
      gort::go([g = group.get()] { g->done(); });
      if (round % 2 == 0) gort::yield();
      group->wait();
      group.reset();
      if (plain != round) CHECK(plain == round);
    }
  }
}

TEST_CASE("waiters that give up are not counted, and the others are let go") {
  for (int processors : {1, 2}) {
    Processors n(processors);
    std::atomic<int> let_go{0};
    std::atomic<int> gave_up{0};
    constexpr int kRounds = 100;
    constexpr int kWaiters = 6;
    for (int round = 0; round < kRounds; ++round) {
      gort::wait_group group;
      gort::wait_group waiters;
      group.add(1);
      for (int i = 0; i < kWaiters; ++i) {
        waiters.go([&, i] {
          auto [ctx, cancel] =
              gort::with_timeout(gort::background(), i % 2 == 0 ? 10us * (round % 10) : 1h);
          gort::defer d(cancel);
          try {
            group.wait(ctx);
            ++let_go;
          } catch (const gort::context_error&) {
            ++gave_up;
          }
        });
      }
      gort::sleep(10us * (round % 12));
      group.done();
      waiters.wait();
    }
    CHECK(let_go.load() + gave_up.load() == kRounds * kWaiters);
    CHECK(let_go.load() >= kRounds * kWaiters / 2);
    let_go = 0;
  }
}

TEST_CASE("threads and goroutines count together") {
  constexpr int kEach = 2'000;
  gort::wait_group group;
  std::atomic<int> ended{0};
  std::vector<std::thread> threads;
  group.add(4 * kEach);
  const auto work = [&] {
    for (int i = 0; i < kEach; ++i) {
      ++ended;
      group.done();
    }
  };
  for (int i = 0; i < 2; ++i) threads.emplace_back(work);
  gort::go(work);
  gort::go(work);
  std::thread waiter([&] { group.wait(); });
  group.wait();
  CHECK(ended.load() == 4 * kEach);
  gort::blocking([&] {
    waiter.join();
    for (auto& t : threads) t.join();
  });
}

TEST_CASE("a group is used again as soon as wait has returned, by many rounds") {
  for (int processors : {1, 2}) {
    Processors n(processors);
    gort::wait_group group;
    int wrong = 0;
    for (int round = 0; round < 1'000; ++round) {
      std::atomic<int> ended{0};
      for (int i = 0; i < 3; ++i) group.go([&] { ++ended; });
      group.wait();
      wrong += ended.load() != 3;
    }
    CHECK(wrong == 0);
  }
}
