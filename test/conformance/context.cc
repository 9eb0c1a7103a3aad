// Contexts: trees of cancellation, deadlines, values and causes (Go's context_test and x_test).
//
// Not here: blocking calls that take a context (channels_context.cc, sync_*.cc).

#include <gort/context.hpp>

#include "support.h"

#include <random>
#include <stdexcept>
#include <string>
#include <vector>

using namespace conformance;
using gort::background;
using gort::context;
using gort::with_cancel;
using gort::with_deadline;
using gort::with_timeout;
using gort::with_value;

namespace {

bool is_done(const context& ctx) { return ctx.done().try_recv().closed; }

struct Request {
  int number;
};
struct User {
  std::string name;
};

}  // namespace

TEST_CASE("background is never done and has nothing") {  // 60
  auto ctx = background();
  CHECK_FALSE(is_done(ctx));
  CHECK_FALSE(ctx.err());
  CHECK_FALSE(ctx.deadline().has_value());
  CHECK(gort::select(gort::on_recv(ctx.done()), gort::on_default()) == 1);
}

TEST_CASE("cancelling a parent ends all its descendants, and none of its ancestors") {  // 60
  NoGoroutineLeft leak;
  auto [root, cancel_root] = with_cancel(background());
  auto [parent, cancel_parent] = with_cancel(root);
  auto [child, cancel_child] = with_cancel(parent);
  auto [timed, cancel_timed] = with_timeout(child, 1h);
  auto valued = with_value(timed, Request{1});
  cancel_parent();
  for (const context& ctx : {parent, child, timed, valued}) {
    CHECK(is_done(ctx));
    CHECK(ctx.err() == gort::canceled);
  }
  CHECK_FALSE(is_done(root));
  CHECK_FALSE(root.err());
  auto [born_dead, cancel_born_dead] = with_cancel(child);
  CHECK(is_done(born_dead));
  CHECK(born_dead.err() == gort::canceled);
  cancel_root();
  cancel_parent();  // again: nothing happens
  cancel_child();
  cancel_timed();
  cancel_born_dead();
}

TEST_CASE("a cancelled child leaves its parent and its siblings alone") {  // 60
  auto [parent, cancel_parent] = with_cancel(background());
  auto [first, cancel_first] = with_cancel(parent);
  auto [second, cancel_second] = with_cancel(parent);
  cancel_first();
  CHECK(is_done(first));
  CHECK_FALSE(is_done(second));
  CHECK_FALSE(is_done(parent));
  cancel_parent();
  CHECK(is_done(second));
  cancel_second();
}

TEST_CASE("a deadline ends a context with deadline_exceeded and not before its time") {  // 60
  NoGoroutineLeft leak;
  const auto start = Clock::now();
  auto [ctx, cancel] = with_deadline(background(), start + 10ms);
  CHECK(ctx.deadline() == start + 10ms);
  (void)ctx.done().recv();
  CHECK(Clock::now() - start >= 10ms);
  CHECK(ctx.err() == gort::deadline_exceeded);
  bool timeout = false;
  try {
    gort::sleep(1h, ctx);
  } catch (const gort::context_error& e) {
    timeout = e.timeout();
  }
  CHECK(timeout);
  cancel();
  CHECK(ctx.err() == gort::deadline_exceeded);
  auto [past, cancel_past] = with_deadline(background(), start - 1h);
  CHECK(is_done(past));
  CHECK(past.err() == gort::deadline_exceeded);
  cancel_past();
}

TEST_CASE("the earlier deadline wins, the parent's or the child's") {  // 60
  NoGoroutineLeft leak;
  auto [parent, cancel_parent] = with_timeout(background(), 5ms);
  auto [child, cancel_child] = with_timeout(parent, 1h);
  CHECK(child.deadline() == parent.deadline());
  (void)child.done().recv();
  CHECK(child.err() == gort::deadline_exceeded);
  auto [long_parent, cancel_long_parent] = with_timeout(background(), 1h);
  auto [short_child, cancel_short_child] = with_timeout(long_parent, 5ms);
  (void)short_child.done().recv();
  CHECK_FALSE(is_done(long_parent));
  for (auto& cancel : {cancel_parent, cancel_child, cancel_long_parent, cancel_short_child}) {
    cancel();
  }
}

TEST_CASE("cancelling before the deadline is a cancellation") {  // 60
  auto [far, cancel_far] = with_timeout(background(), 1h);
  cancel_far();
  CHECK(far.err() == gort::canceled);
  auto [near, cancel_near] = with_timeout(background(), 5ms);
  cancel_near();
  const auto err = near.err();
  // Its deadline passes only after the clock has: the other order is no promise.
  if (Clock::now() < *near.deadline()) CHECK(err == gort::canceled);
  gort::sleep_until(*near.deadline() + 5ms);
  CHECK(near.err() == err);  // the first end is the only one
}

TEST_CASE("a value is looked up from the nearest context outwards, by its type") {  // 60
  auto outer = with_value(background(), Request{1});
  auto user = with_value(outer, User{"somebody"});
  auto inner = with_value(user, Request{2});
  auto [below, cancel] = with_cancel(inner);
  CHECK(below.value<Request>()->number == 2);
  CHECK(below.value<User>()->name == "somebody");
  CHECK(outer.value<Request>()->number == 1);
  CHECK(outer.value<User>() == nullptr);
  CHECK(background().value<Request>() == nullptr);
  cancel();
}

TEST_CASE("keys tell values of one type apart") {  // 60
  static const gort::context_key<int> width;
  static const gort::context_key<int> height;
  auto ctx = with_value(with_value(with_value(background(), width, 3), height, 4), 5);
  CHECK(*ctx.value(width) == 3);
  CHECK(*ctx.value(height) == 4);
  CHECK(*ctx.value<int>() == 5);
  CHECK(background().value(width) == nullptr);
}

TEST_CASE("the first cause is kept, and a child tells its parent's") {  // 60
  auto what = [](const std::exception_ptr& cause) {
    return thrown_by<std::exception>([&] {
      if (cause) std::rethrow_exception(cause);
    });
  };
  auto why = [](const char* text) { return std::make_exception_ptr(std::runtime_error(text)); };
  auto [parent, cancel_parent] = gort::with_cancel_cause(background());
  auto [child, cancel_child] = gort::with_cancel_cause(parent);
  CHECK(what(parent.cause()) == "");
  cancel_parent(why("first"));
  cancel_parent(why("second"));
  cancel_child(why("third"));
  CHECK(what(parent.cause()) == "first");
  CHECK(what(child.cause()) == "first");
  CHECK(parent.err() == gort::canceled);
  auto [other, cancel_other] = gort::with_cancel_cause(background());
  auto [other_child, cancel_other_child] = gort::with_cancel_cause(other);
  cancel_other_child(why("mine"));
  cancel_other(why("later"));
  CHECK(what(other_child.cause()) == "mine");
  CHECK(what(other.cause()) == "later");
  auto [plain, cancel] = with_cancel(background());
  cancel();
  CHECK(what(plain.cause()).find("context canceled") != std::string::npos);
}

TEST_CASE("without_cancel keeps the values and ignores the parent's end") {  // 60
  auto [parent, cancel] = with_timeout(with_value(background(), Request{3}), 1h);
  auto free = gort::without_cancel(parent);
  cancel();
  CHECK(is_done(parent));
  CHECK_FALSE(is_done(free));
  CHECK_FALSE(free.err());
  CHECK_FALSE(free.deadline().has_value());
  CHECK(free.value<Request>()->number == 3);
}

TEST_CASE("after_func runs once, in its own goroutine, when its context is done") {  // 60
  NoGoroutineLeft leak;
  std::atomic<int> ran{0};
  auto [ctx, cancel] = with_cancel(background());
  auto stop = gort::after_func(ctx, [&] { ++ran; });
  auto stop_other = gort::after_func(ctx, [&] { ran += 100; });
  CHECK(stop_other());
  CHECK_FALSE(stop_other());
  gort::sleep(1ms);
  CHECK(ran.load() == 0);
  cancel();
  CHECK(eventually([&] { return ran.load() == 1; }));
  CHECK_FALSE(stop());
  auto hold = gort::make<gort::chan<bool>>();
  auto at_once = gort::after_func(ctx, [&, hold] {  // already done; it may park
    (void)hold.recv();
    ++ran;
  });
  CHECK_FALSE(at_once());
  hold.send(true);
  CHECK(eventually([&] { return ran.load() == 2; }));
}

TEST_CASE("after stop returned true an after_func never runs") {  // 60
  NoGoroutineLeft leak;
  std::atomic<int> wrong{0};
  for (int i = 0; i < scaled(1'000); ++i) {
    auto [ctx, cancel] = with_cancel(background());
    auto runs = std::make_shared<std::atomic<int>>(0);
    auto stop = gort::after_func(ctx, [=] { ++*runs; });
    auto canceller = gort::spawn([cancel = cancel] { cancel(); });
    const bool stopped = stop();
    canceller.wait();
    if (stopped) {
      gort::yield();
      wrong += runs->load() != 0;
    } else {
      wrong += !eventually([&] { return runs->load() == 1; });
    }
  }
  CHECK(wrong.load() == 0);
}

TEST_CASE("a tree of a hundred contexts cancelled from all its nodes at once ends whole") {  // 60
  NoGoroutineLeft leak;
  for (unsigned seed = 0; seed < 10; ++seed) {
    std::mt19937 random(seed);
    std::vector<context> nodes{background()};
    std::vector<gort::cancel_func> cancels;
    for (int i = 0; i < 100; ++i) {
      auto& parent = nodes[random() % nodes.size()];
      auto [ctx, cancel] = random() % 4 == 0 ? with_timeout(parent, 1h) : with_cancel(parent);
      nodes.push_back(random() % 5 == 0 ? with_value(ctx, Request{i}) : ctx);
      cancels.push_back(cancel);
    }
    std::shuffle(cancels.begin(), cancels.end(), random);
    gort::wait_group all;
    for (auto& cancel : cancels) all.go([=] { cancel(); });
    for (std::size_t i = 1; i < nodes.size(); ++i) {
      all.go([ctx = nodes[i]] { (void)ctx.done().recv(); });
    }
    all.wait();
    int alive = 0;
    for (std::size_t i = 1; i < nodes.size(); ++i) alive += nodes[i].err() != gort::canceled;
    CHECK(alive == 0);
  }
}

TEST_CASE("many goroutines wait on one context and all are told") {
  NoGoroutineLeft leak;
  auto [ctx, cancel] = with_cancel(background());
  std::atomic<int> told{0};
  gort::wait_group all;
  for (int i = 0; i < 500; ++i) {
    all.go([&, ctx = ctx] {
      (void)ctx.done().recv();
      told += ctx.err() == gort::canceled;
    });
  }
  gort::sleep(1ms);
  cancel();
  all.wait();
  CHECK(told.load() == 500);
}

TEST_CASE("contexts made and dropped without cancel leave no goroutine and no timer running") {
  NoGoroutineLeft leak;
  auto [parent, cancel] = with_cancel(background());
  for (int i = 0; i < scaled(10'000); ++i) {
    auto [child, cancel_child] = with_cancel(parent);
    auto [timed, cancel_timed] = with_timeout(child, 1h);
    cancel_child();
    cancel_timed();
  }
  cancel();
  CHECK(is_done(parent));
}
