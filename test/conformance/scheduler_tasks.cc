// Goroutines with results: spawn and task, task_group, blocking.
//
// Not here: errgroup and singleflight (sync_groups.cc).

#include <gort/go.hpp>

#include "support.h"

#include <unistd.h>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

using namespace conformance;
using gort::chan;
using gort::make;

TEST_CASE("a task gives the result of its goroutine") {
  NoGoroutineLeft leak;
  auto sum = gort::spawn([](int a, int b) { return a + b; }, 40, 2);
  CHECK(sum.get() == 42);
  auto text = gort::spawn([] { return std::make_unique<std::string>("only movable"); });
  CHECK(*text.get() == "only movable");
  std::atomic<bool> ran{false};
  auto nothing = gort::spawn([&] { ran = true; });
  nothing.get();
  CHECK(ran.load());
  int local = 3;
  auto reference = gort::spawn([&]() -> int& { return local; });
  CHECK(&reference.get() == &local);
}

TEST_CASE("done and wait tell when a task has ended") {
  NoGoroutineLeft leak;
  auto go_on = make<chan<bool>>();
  auto task = gort::spawn([=] {
    (void)go_on.recv();
    return 1;
  });
  CHECK_FALSE(task.done());
  Started waiter([&] { task.wait(); });
  CHECK(waiter.blocks());
  go_on.send(true);
  CHECK(waiter.ends());
  CHECK(task.done());
  task.wait();
  CHECK(task.get() == 1);
}

TEST_CASE("an exception that leaves a task is rethrown by get and by nothing else") {
  NoGoroutineLeft leak;
  auto task = gort::spawn([]() -> int { throw std::invalid_argument("bad"); });
  task.wait();
  CHECK(task.done());
  CHECK(thrown_by<std::invalid_argument>([&] { (void)task.get(); }) == "bad");
}

TEST_CASE("dropping a task detaches its goroutine, and moving it moves the right to its result") {
  NoGoroutineLeft leak;
  std::atomic<int> ran{0};
  (void)gort::spawn([&] {
    gort::sleep(1ms);
    ++ran;
  });
  CHECK(eventually([&] { return ran.load() == 1; }));
  {
    auto lost = gort::spawn([]() -> int { throw std::logic_error("nobody asks"); });
    lost.wait();
  }
  auto first = gort::spawn([] { return 5; });
  auto second = std::move(first);
  CHECK(second.get() == 5);
}

TEST_CASE("ten thousand tasks all give their own result") {
  NoGoroutineLeft leak;
  const int n = scaled(10'000);
  std::vector<gort::task<int>> tasks;
  for (int i = 0; i < n; ++i) tasks.push_back(gort::spawn([i] { return i; }));
  int wrong = 0;
  for (int i = 0; i < n; ++i) wrong += tasks[static_cast<std::size_t>(i)].get() != i;
  CHECK(wrong == 0);
}

TEST_CASE("a task group waits for all it started") {
  NoGoroutineLeft leak;
  std::atomic<int> ended{0};
  gort::task_group group(gort::background());
  for (int i = 0; i < 20; ++i) {
    group.go([&, i] {
      gort::sleep(i * 100us);
      ++ended;
    });
  }
  group.wait();
  CHECK(ended.load() == 20);
}

TEST_CASE("the first failure of a task group cancels the others and is rethrown") {
  NoGoroutineLeft leak;
  std::atomic<int> cancelled{0};
  gort::task_group group(gort::background());
  for (int i = 0; i < 5; ++i) {
    group.go([&](gort::context ctx) {
      (void)ctx.done().recv();
      ++cancelled;
      throw std::runtime_error("a consequence");
    });
  }
  group.go([] {
    gort::sleep(2ms);
    throw std::runtime_error("the cause");
  });
  CHECK(thrown_by<std::runtime_error>([&] { group.wait(); }) == "the cause");
  CHECK(cancelled.load() == 5);
}

TEST_CASE("a task group ends with the context it was made of") {
  NoGoroutineLeft leak;
  auto [ctx, cancel] = gort::with_cancel(gort::background());
  gort::task_group group(ctx);
  std::atomic<bool> ended{false};
  group.go([&](gort::context inner) {
    (void)inner.done().recv();
    ended = true;
  });
  cancel();
  group.wait();
  CHECK(ended.load());
}

TEST_CASE("leaving the scope of a task group waits for what it started") {
  NoGoroutineLeft leak;
  std::atomic<int> ended{0};
  {
    gort::task_group group(gort::background());
    for (int i = 0; i < 5; ++i) {
      group.go([&] {
        gort::sleep(1ms);
        ++ended;
      });
    }
  }
  CHECK(ended.load() == 5);
}

TEST_CASE("blocking returns what its function returns and throws what it throws") {
  NoGoroutineLeft leak;
  CHECK(gort::blocking([] { return 42; }) == 42);
  auto p = gort::blocking([] { return std::make_unique<int>(7); });
  CHECK(*p == 7);
  gort::blocking([] {});
  CHECK(thrown_by<std::logic_error>([] {
          gort::blocking([]() -> int { throw std::logic_error("from inside"); });
        }) == "from inside");
}

TEST_CASE("a blocked function does not hold up the other goroutines with one processor") {
  NoGoroutineLeft leak;
  Processors one(1);
  int ends[2];
  CHECK(::pipe(ends) == 0);
  Started reader([&] {
    char byte = 0;
    CHECK(gort::blocking([&] { return ::read(ends[0], &byte, 1); }) == 1);
    CHECK(byte == 'x');
  });
  CHECK(reader.blocks());
  CHECK(::write(ends[1], "x", 1) == 1);
  CHECK(reader.ends());
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_CASE("a libc call that blocks unannounced does not hold up the others either") {
  NoGoroutineLeft leak;
  Processors one(1);
  int ends[2];
  CHECK(::pipe(ends) == 0);
  Started reader([&] {
    char byte = 0;
    CHECK(::read(ends[0], &byte, 1) == 1);
  });
  gort::yield();
  CHECK(reader.still_runs());
  CHECK(::write(ends[1], "x", 1) == 1);
  CHECK(reader.ends());
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_CASE("inside blocking a goroutine may use gort, and blocking may be nested") {
  NoGoroutineLeft leak;
  auto c = make<chan<int>>();
  gort::go([=] { c.send(4); });
  int got = gort::blocking([&] {
    const int inner = gort::blocking([] { return 1; });
    gort::sleep(1ms);
    return *c.recv() + inner;
  });
  CHECK(got == 5);
}

TEST_CASE("a hundred goroutines block at once and all come back") {
  NoGoroutineLeft leak;
  const int n = kSanitized ? 20 : 100;
  int ends[2];
  CHECK(::pipe(ends) == 0);
  std::atomic<int> back{0};
  gort::wait_group all;
  for (int i = 0; i < n; ++i) {
    all.go([&] {
      char byte = 0;
      back += static_cast<int>(gort::blocking([&] { return ::read(ends[0], &byte, 1); }));
    });
  }
  gort::sleep(5ms);
  for (int i = 0; i < n; ++i) CHECK(::write(ends[1], "x", 1) == 1);
  all.wait();
  CHECK(back.load() == n);
  ::close(ends[0]);
  ::close(ends[1]);
}
