// Tests of task, task_group, errgroup and singleflight where Go's tests (test/conformance) do not
// reach: goexit, contexts, causes, options, who destroys what.
//
// Not here: tasks whose failure ends the process (test/crash).
#include <gort/sync.hpp>
#include <gort/task.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <gort/runtime.hpp>
#include <gort/time.hpp>

#include "sync/wait.h"

using namespace std::chrono_literals;

namespace {

template <class Predicate>
void wait_until(Predicate happened) {
  while (!happened()) gort::sleep(50us);
}

// A goroutine that tells which one it is, so that others see when it waits.
class Seen {
 public:
  void here() {
    gort::sync::Section section;
    record_ = section.goroutine();
  }
  // For another's call: not for the mutex, nor for a collection, which it may meet on its way.
  bool waits() const {
    const auto* goroutine = record_.load();
    return goroutine != nullptr && goroutine->status.load() == gort::sched::Status::waiting &&
           goroutine->wait_reason.load() == gort::WaitReason::task_wait;
  }

 private:
  std::atomic<const gort::sched::Goroutine*> record_{nullptr};
};

}  // namespace

TEST_CASE("a task whose goroutine ended by goexit has no result, and says so") {
  auto task = gort::spawn([]() -> int { gort::goexit(); });
  task.wait();
  CHECK(task.done());
  CHECK_THROWS_WITH(task.get(), "task: its goroutine ended by goexit");
}

TEST_CASE("a task gives its result once") {
  auto task = gort::spawn([](int n) { return n; }, 3);
  CHECK(task.valid());
  CHECK(task.get() == 3);
  CHECK_FALSE(task.valid());
  CHECK_THROWS_AS(task.get(), gort::runtime_error);
  CHECK_THROWS_AS(task.wait(), gort::runtime_error);
  CHECK_THROWS_AS((void)task.done(), gort::runtime_error);
  gort::task<void> nothing;
  CHECK_FALSE(nothing.valid());
}

TEST_CASE("waiting for a task ends with a context and can be taken up again") {
  std::atomic<bool> go_on{false};
  auto task = gort::spawn([&] {
    wait_until([&] { return go_on.load(); });
    return 1;
  });
  auto [ctx, cancel] = gort::with_timeout(gort::background(), 1ms);
  CHECK_THROWS_AS(task.wait(ctx), gort::context_error);
  CHECK_THROWS_AS(task.get(ctx), gort::context_error);
  go_on = true;
  CHECK(task.get(gort::background()) == 1);
  cancel();
}

TEST_CASE("a result that nobody takes is destroyed with the last who knows of it") {
  auto life = std::make_shared<int>();
  for (int round = 0; round < 200; ++round) {
    auto task = gort::spawn([life] { return life; });
    if (round % 3 == 0) task.wait();
    if (round % 3 == 1) gort::yield();
  }
  wait_until([&] { return life.use_count() == 1; });
  auto assigned = gort::spawn([life] { return life; });
  assigned = gort::spawn([] { return std::shared_ptr<int>(); });
  CHECK(assigned.get() == nullptr);
  wait_until([&] { return life.use_count() == 1; });
}

TEST_CASE("what copying an argument throws is thrown by spawn") {
  struct Difficult {
    Difficult() = default;
    Difficult(const Difficult&) { throw std::runtime_error("no copy"); }
    Difficult(Difficult&&) = default;
  };
  const Difficult argument;
  CHECK_THROWS_WITH((void)gort::spawn([](const Difficult&) {}, argument), "no copy");
}

TEST_CASE("the first failure is the cause of a group's context, and wait repeats it") {
  gort::task_group group;
  auto ctx = group.context();
  group.go([] { throw std::runtime_error("first"); });
  wait_until([&] { return static_cast<bool>(ctx.err()); });
  group.go([] { throw std::runtime_error("second"); });
  CHECK_THROWS_WITH(group.wait(), "first");
  CHECK_THROWS_WITH(group.wait(), "first");
  CHECK_THROWS_WITH(std::rethrow_exception(ctx.cause()), "first");
}

TEST_CASE("a group that is left by an exception cancels what it started") {
  std::atomic<int> cancelled{0};
  const auto leave = [&] {
    gort::task_group group;
    for (int i = 0; i < 3; ++i) {
      group.go([&](gort::context ctx) {
        (void)ctx.done().recv();
        ++cancelled;
      });
    }
    throw std::runtime_error("out");
  };
  CHECK_THROWS_WITH(leave(), "out");
  CHECK(cancelled.load() == 3);
}

TEST_CASE("functions of a group may start more, and end by goexit") {
  gort::task_group group;
  std::atomic<int> ran{0};
  group.go([&] {
    for (int i = 0; i < 3; ++i) {
      group.go([&] {
        ++ran;
        gort::goexit();
      });
    }
  });
  group.wait();
  CHECK(ran.load() == 3);
}

TEST_CASE("waiting for a group ends with a context, and the group goes on") {
  gort::task_group group;
  std::atomic<bool> go_on{false};
  group.go([&] { wait_until([&] { return go_on.load(); }); });
  auto [ctx, cancel] = gort::with_timeout(gort::background(), 1ms);
  CHECK_THROWS_AS(group.wait(ctx), gort::context_error);
  CHECK_FALSE(group.context().err());
  go_on = true;
  group.wait();
  cancel();
}

TEST_CASE("an errgroup's limit can be changed between uses, and waits for it be called off") {
  auto group = gort::errgroup::with_context(gort::background());
  group.set_limit(1);
  std::atomic<bool> go_on{false};
  group.go([&](const gort::context& ctx) {
    CHECK_FALSE(ctx.err());
    wait_until([&] { return go_on.load(); });
  });
  CHECK_THROWS_AS(group.set_limit(2), gort::runtime_error);
  auto [ctx, cancel] = gort::with_timeout(gort::background(), 1ms);
  CHECK_THROWS_AS(group.go([] {}, ctx), gort::context_error);
  CHECK_FALSE(group.try_go([] {}));
  go_on = true;
  group.wait();
  group.set_limit(-1);
  std::atomic<int> ran{0};
  for (int i = 0; i < 10; ++i) CHECK(group.try_go([&] { ++ran; }));
  group.wait();
  CHECK(ran.load() == 10);
  cancel();
}

TEST_CASE("singleflight says whether a result is shared, also by a channel") {
  gort::singleflight<int, std::string> flight;
  CHECK_FALSE(flight.do_(1, [] { return std::string("own"); }).shared);
  std::atomic<bool> under_way{false};
  std::atomic<bool> go_on{false};
  auto first = flight.do_chan(1, [&] {
    under_way = true;
    wait_until([&] { return go_on.load(); });
    return std::string("one");
  });
  wait_until([&] { return under_way.load(); });
  Seen joining;
  auto second = gort::spawn([&] {
    joining.here();
    return flight.do_(1, [] { return std::string("another"); });
  });
  wait_until([&] { return joining.waits(); });
  go_on = true;
  auto a = first.recv();
  auto b = second.get();
  CHECK(a->value == "one");
  CHECK(b.value == "one");
  CHECK(a->shared);
  CHECK(b.shared);
}

TEST_CASE("who waits for another's flight may give up; goexit in the function does not strand it") {
  gort::singleflight<std::string, int> flight;
  std::atomic<bool> under_way{false};
  std::atomic<bool> go_on{false};
  gort::wait_group all;
  all.go([&] {
    flight.run("k", [&]() -> int {
      under_way = true;
      wait_until([&] { return go_on.load(); });
      gort::goexit();
    });
  });
  wait_until([&] { return under_way.load(); });
  auto [ctx, cancel] = gort::with_timeout(gort::background(), 1ms);
  CHECK_THROWS_AS((void)flight.run(
                      "k", [] { return 1; }, ctx),
                  gort::context_error);
  Seen joining;
  auto joins = gort::spawn([&] {
    joining.here();
    return flight.run("k", [] { return 1; });
  });
  wait_until([&] { return joining.waits(); });
  go_on = true;
  CHECK_THROWS_AS(joins.get(), gort::runtime_error);
  CHECK(flight.run("k", [] { return 2; }) == 2);
  all.wait();
  cancel();
}

TEST_CASE("spawn takes a goroutine's options, and refuses what go refuses") {
  auto task = gort::spawn(
      gort::goroutine_options{.name = "named", .stack_limit = 1 << 20}, [](int n) { return n + 1; },
      1);
  CHECK(task.get() == 2);
  CHECK_THROWS_AS((void)gort::spawn(gort::goroutine_options{.stack_limit = 1}, [] {}),
                  gort::runtime_error);
}
