// Tests of cond: who is woken, and what happens between queueing and parking.
//
// Order and broadcast as Go's tests have them are in test/conformance/sync_waiting.cc.
#include <gort/mutex.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <stdexcept>
#include <vector>

#include <gort/context.hpp>
#include <gort/go.hpp>
#include <gort/runtime.hpp>
#include <gort/sync.hpp>
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

// A lock whose unlock does something in between: where a waiter is queued and not parked.
struct Between {
  std::function<void()> unlocked;
  void lock() {}
  void unlock() { unlocked(); }
};

}  // namespace

TEST_CASE("a signal between queueing and parking is not lost, even if the unlock parks") {
  gort::cond c;
  Between lock;
  lock.unlocked = [&] {
    c.signal();
    gort::sleep(1ms);
    c.signal();  // lost: nobody waits any more
  };
  c.wait(lock);
  auto [ctx, cancel] = gort::with_cancel(gort::background());
  c.wait(lock, ctx);
  lock.unlocked = [&] {
    gort::wait_group elsewhere;
    elsewhere.go([&] { c.broadcast(); });
    elsewhere.wait();
  };
  c.wait(lock);
  c.wait(lock, ctx);
  cancel();
}

TEST_CASE("a waiter that was told does not touch the cond, which may be gone") {
  auto c = std::make_unique<gort::cond>();
  gort::cond* const waited_for = c.get();
  Between lock;
  lock.unlocked = [&] {
    c->broadcast();
    c.reset();
  };
  waited_for->wait(lock);
  CHECK(c == nullptr);
}

TEST_CASE("an unlock that throws takes the waiter out, and passes its signal on") {
  gort::mutex m;
  gort::cond c(m);
  std::atomic<bool> waits{false};
  gort::wait_group other;
  Between lock;
  lock.unlocked = [&] {
    other.go([&] {
      std::unique_lock held(m);
      waits = true;
      c.wait();
    });
    while (!waits.load()) gort::sleep(50us);
    std::lock_guard held(m);  // it is in the queue, behind us
    c.signal();
    throw std::logic_error("unlock failed");
  };
  CHECK_THROWS_WITH(c.wait(lock), "unlock failed");
  other.wait();
  lock.unlocked = [] { throw std::logic_error("again"); };
  CHECK_THROWS_WITH(c.wait(lock), "again");
  c.signal();
}

TEST_CASE("a cond waits with any lock, with its own mutex, and until something is true") {
  gort::mutex m;
  gort::rw_mutex rw;
  gort::cond own(m);
  gort::cond any;
  int stage = 0;
  gort::wait_group all;
  all.go([&] {
    std::lock_guard lock(m);
    while (stage < 1) own.wait();
    stage = 2;
    own.notify_all();
  });
  all.go([&] {
    std::shared_lock lock(rw);
    any.wait(lock);
  });
  {
    std::unique_lock lock(m);
    stage = 1;
    own.notify_one();
    own.wait(lock, [&] { return stage == 2; });
  }
  std::atomic<bool> ended{false};
  gort::go([&] {
    all.wait();
    ended = true;
  });
  while (!ended.load()) {
    any.broadcast();
    gort::sleep(50us);
  }
  CHECK_THROWS_AS(any.wait(), gort::runtime_error);
}

TEST_CASE("a wait that its context ends holds the lock again and leaves the queue") {
  gort::mutex m;
  gort::cond c(m);
  auto [ctx, cancel] = gort::with_timeout(gort::background(), 2ms);
  std::unique_lock lock(m);
  CHECK_THROWS_AS(c.wait(lock, ctx), gort::context_error);
  CHECK(lock.owns_lock());
  CHECK_FALSE(m.try_lock());
  CHECK_THROWS_AS(c.wait(
                      lock, [] { return false; }, ctx),
                  gort::context_error);
  CHECK_THROWS_AS(c.wait(ctx), gort::context_error);
  c.wait(
      lock, [] { return true; }, ctx);
  c.signal();  // nobody to take it
  cancel();
}

TEST_CASE("signals and contexts at the same time: none is lost, none counts twice") {
  for (int processors : {1, 2}) {
    Processors n(processors);
    gort::mutex m;
    gort::cond c(m);
    int tickets = 0;
    std::atomic<int> taken{0};
    std::atomic<int> gave_up{0};
    std::atomic<int> waiting{0};
    constexpr int kWaiters = 200;
    gort::wait_group waiters;
    for (int i = 0; i < kWaiters; ++i) {
      waiters.go([&, i] {
        auto [ctx, cancel] =
            gort::with_timeout(gort::background(), std::chrono::microseconds(i % 7 * 100));
        gort::defer d(cancel);
        std::unique_lock lock(m);
        ++waiting;
        try {
          c.wait(
              lock, [&] { return tickets > 0; }, ctx);
          --tickets;
          ++taken;
        } catch (const gort::context_error&) {
          ++gave_up;
          if (tickets > 0) c.signal();  // ours may have come with the context's end
        }
      });
    }
    for (int i = 0; i < kWaiters; ++i) {
      {
        std::lock_guard lock(m);
        ++tickets;
      }
      c.signal();
      if (i % 16 == 0) gort::sleep(20us);
    }
    waiters.wait();
    CHECK(taken.load() + gave_up.load() == kWaiters);
    CHECK(tickets == kWaiters - taken.load());
  }
}

TEST_CASE("two goroutines alternate by one cond for a long time") {
  for (int processors : {1, 2}) {
    Processors n(processors);
    constexpr int kRounds = 3'000;
    gort::mutex m;
    gort::cond c(m);
    int turn = 0;
    gort::wait_group both;
    for (int me = 0; me < 2; ++me) {
      both.go([&, me] {
        for (int i = 0; i < kRounds; ++i) {
          std::unique_lock lock(m);
          c.wait(lock, [&] { return turn % 2 == me; });
          ++turn;
          c.signal();
        }
      });
    }
    both.wait();
    CHECK(turn == 2 * kRounds);
  }
}
