// Tests of contexts: their insides, their ends, and races between those.
//
// What Go's tests check is in test/conformance/context.cc; here is who keeps whom alive, which C++
// must decide and Go need not, that children leave their parents' lists, and that cancelling,
// dropping and expiring may all happen at the same moment. Under the thread sanitizer the races are
// the point.
#include <gort/chan.hpp>
#include <gort/context.hpp>
#include <gort/time.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "gort/go.hpp"
#include "sync/context_scope.h"

using namespace std::chrono_literals;
using gort::background;
using gort::context;
using gort::with_cancel;
using gort::with_deadline;
using gort::with_timeout;
using gort::with_value;
using Clock = std::chrono::steady_clock;

namespace {

template <class Predicate>
void wait_until(Predicate happened) {
  while (!happened()) gort::sleep(100us);
}

int count_children(const context& ctx) {
  int count = 0;
  gort::detail::context_scope* scope = ctx.node().get()->scope;
  gort::sync::Section section;
  gort::base::Guard guard(scope->lock);
  for (auto* child = scope->children; child != nullptr; child = child->next) ++count;
  return count;
}

std::string text_of(const std::exception_ptr& error) {
  if (!error) return "";
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return e.what();
  }
}

std::exception_ptr reason(const char* text) {
  return std::make_exception_ptr(std::runtime_error(text));
}

// A value whose end can be seen.
struct Seen {
  std::shared_ptr<int> alive = std::make_shared<int>(0);
};

}  // namespace

TEST_CASE("a context is done when it is cancelled, and says so to whoever waits") {
  auto [ctx, cancel] = with_cancel(background());
  CHECK_FALSE(ctx.err());
  gort::go([cancel = cancel] { cancel(); });
  CHECK_FALSE(ctx.done().recv().has_value());
  CHECK(ctx.err() == gort::canceled);
  CHECK(ctx.err().message() == "context canceled");
}

TEST_CASE("errors of contexts are error codes, and exceptions with a cause") {
  const std::error_code late = gort::deadline_exceeded;
  CHECK(late.message() == "context deadline exceeded");
  CHECK(std::string(late.category().name()) == "context");
  CHECK(late != gort::canceled);
  const gort::context_error plain(gort::canceled);
  CHECK(std::string(plain.what()) == "context canceled");
  CHECK_FALSE(plain.timeout());
  CHECK_FALSE(plain.cause());
  auto [ctx, cancel] = with_timeout(background(), -1s, reason("too slow"));
  try {
    gort::sleep(1h, ctx);
    CHECK(false);
  } catch (const gort::context_error& error) {
    CHECK(error.timeout());
    CHECK(text_of(error.cause()) == "too slow");
  }
  CHECK(text_of(ctx.cause()) == "too slow");
  cancel();
}

TEST_CASE("a default context is the background, and equality is identity") {
  CHECK(context() == background());
  CHECK(gort::todo() == background());
  CHECK_FALSE(background().done());
  CHECK_FALSE(background().cause());
  auto [ctx, cancel] = with_cancel(background());
  const context copy = ctx;
  CHECK(copy == ctx);
  CHECK_FALSE(copy == background());
  gort::cancel_func()();
  gort::cancel_cause_func()(nullptr);
  CHECK_FALSE(gort::stop_func()());
  cancel();
}

TEST_CASE("values are found by type, or by key where the type is not enough") {
  static const gort::context_key<std::string> user;
  static const gort::context_key<std::string> host;
  const auto ctx = with_value(with_value(with_value(background(), user, "me"), host, "here"), 7);
  CHECK(*ctx.value(user) == "me");
  CHECK(*ctx.value(host) == "here");
  CHECK(*ctx.value<int>() == 7);
  CHECK(ctx.value<long>() == nullptr);
  CHECK(ctx.value<std::string>() == nullptr);
  const auto movable = with_value(ctx, std::make_unique<int>(5));
  CHECK(**movable.value<std::unique_ptr<int>>() == 5);
}

TEST_CASE(
    "children leave their parent when they are cancelled, and when nobody has them any more") {
  auto [parent, cancel] = with_cancel(background());
  {
    auto [a, cancel_a] = with_cancel(parent);
    auto [b, cancel_b] = with_timeout(with_value(parent, 1), 1h);
    auto stop = gort::after_func(parent, [] {});
    CHECK(count_children(parent) == 3);
    cancel_a();
    CHECK(count_children(parent) == 2);
    CHECK(stop());
    CHECK(count_children(parent) == 1);
  }
  CHECK(count_children(parent) == 0);
  auto [c, cancel_c] = with_cancel(parent);
  cancel();
  CHECK(count_children(parent) == 0);
  CHECK(c.err() == gort::canceled);
  cancel_c();
}

TEST_CASE("a context with a deadline that nobody has any more is gone, timer and values included") {
  const Seen seen;
  const std::weak_ptr<int> alive = seen.alive;
  {
    auto [ctx, cancel] = with_timeout(with_value(background(), seen), 1h);
    auto below = with_value(ctx, 1);
    CHECK(alive.use_count() == 2);
  }
  CHECK(alive.use_count() == 1);
}

TEST_CASE("a done channel is told even if it is all that is left of its context") {
  auto [parent, cancel] = with_cancel(background());
  auto done = with_cancel(with_value(parent, 1)).first.done();
  CHECK(count_children(parent) == 1);
  CHECK_FALSE(done.try_recv().closed);
  cancel();
  CHECK(done.try_recv().closed);
  auto late = with_timeout(background(), 1ms).first.done();
  CHECK_FALSE(late.recv().has_value());
  // Taken, dropped and taken again: it is the same channel.
  auto [ctx, cancel_ctx] = with_cancel(background());
  (void)ctx.done();
  auto again = ctx.done();
  CHECK(again == ctx.done());
  cancel_ctx();
  CHECK(again.try_recv().closed);
  // Taken again it keeps its context alive as the first time.
  gort::recv_chan<gort::unit> last;
  {
    auto short_lived = with_timeout(background(), 1ms).first;
    (void)short_lived.done();
    last = short_lived.done();
  }
  CHECK_FALSE(last.recv().has_value());
}

TEST_CASE("a chain of a hundred thousand contexts is cancelled and dropped without recursion") {
  constexpr int kDeep = 100'000;
  auto [root, cancel] = with_cancel(background());
  context leaf = root;
  for (int i = 0; i < kDeep; ++i) {
    leaf = i % 2 == 0 ? with_cancel(leaf).first : with_value(leaf, i);
  }
  cancel();
  CHECK(leaf.err() == gort::canceled);
  leaf = context();
  leaf = with_cancel(background()).first;
  for (int i = 0; i < kDeep; ++i) leaf = with_cancel(leaf).first;
  leaf = context();
}

TEST_CASE("a cause goes down to children, and the deadline's is given when it passes") {
  auto [parent, cancel_parent] = gort::with_cause(background());
  auto [child, cancel] = with_cancel(parent);
  cancel_parent(reason("why"));
  CHECK(text_of(child.cause()) == "why");
  CHECK(text_of(with_cancel(child).first.cause()) == "why");
  auto [late, cancel_late] = with_timeout(background(), 1ms, reason("over"));
  (void)late.done().recv();
  CHECK(text_of(late.cause()) == "over");
  CHECK(late.err() == gort::deadline_exceeded);
  auto [plain, cancel_plain] = gort::with_cancel_cause(background());
  cancel_plain();
  CHECK(text_of(plain.cause()) == "context canceled");
  cancel();
  cancel_late();
}

TEST_CASE("a deadline that cannot be counted is none") {
  auto [ctx, cancel] = with_timeout(background(), std::chrono::hours::max());
  CHECK_FALSE(ctx.deadline().has_value());
  auto [other, cancel_other] = with_deadline(background(), Clock::time_point::max());
  CHECK_FALSE(other.deadline().has_value());
  auto [past, cancel_past] = with_timeout(background(), std::chrono::hours::min());
  CHECK(past.err() == gort::deadline_exceeded);
  cancel();
  cancel_other();
  cancel_past();
}

TEST_CASE(
    "a function waiting for a context is kept until it is run or stopped, and then let go of") {
  auto held = std::make_shared<int>(0);
  const std::weak_ptr<int> seen = held;
  {
    auto [ctx, cancel] = with_cancel(background());
    gort::after_func(ctx, [held] {});
    held.reset();
    CHECK_FALSE(seen.expired());
    cancel();
  }
  wait_until([&] { return seen.expired(); });
  held = std::make_shared<int>(0);
  const std::weak_ptr<int> stopped = held;
  auto [ctx, cancel] = with_cancel(background());
  auto stop = gort::after_func(ctx, [held] {});
  held.reset();
  CHECK(stop());
  stop = gort::stop_func();
  CHECK(stopped.expired());
  cancel();
  auto never = gort::after_func(background(), [] {});
  CHECK(never());
  CHECK_FALSE(never());
}

TEST_CASE("sleepers with a context wake once, by the clock or by the cancellation") {
  std::atomic<int> by_clock{0};
  std::atomic<int> by_context{0};
  constexpr int kSleepers = 2'000;
  auto [ctx, cancel] = with_cancel(background());
  for (int i = 0; i < kSleepers; ++i) {
    gort::go([&, i, ctx = ctx] {
      try {
        gort::sleep(std::chrono::microseconds(i % 100 * 20 + 1), ctx);
        ++by_clock;
      } catch (const gort::context_error&) {
        ++by_context;
      }
    });
  }
  gort::sleep(1ms);
  cancel();
  wait_until([&] { return by_clock + by_context == kSleepers; });
  CHECK(count_children(ctx) == 0);
  CHECK_THROWS_AS(gort::sleep(1h, ctx), gort::context_error);
  CHECK_THROWS_AS(gort::sleep_until(Clock::now() + 1h, ctx), gort::context_error);
  gort::sleep(0s, ctx);
}

TEST_CASE("expiring, cancelling and dropping at the same moment end a context once") {
  std::atomic<int> running{4};
  std::atomic<int> wrong{0};
  auto [root, cancel_root] = with_cancel(background());
  for (int g = 0; g < 4; ++g) {
    gort::go([&, g, root = root] {
      for (int i = 0; i < 500; ++i) {
        auto [parent, cancel_parent] = with_timeout(root, std::chrono::microseconds(i % 20));
        auto [child, cancel_child] = with_timeout(with_value(parent, Seen()), 30us);
        auto runs = std::make_shared<std::atomic<int>>(0);
        auto stop = gort::after_func(child, [runs] { ++*runs; });
        auto done = child.done();
        gort::go([cancel = (i + g) % 2 == 0 ? cancel_parent : cancel_child] { cancel(); });
        child = context();
        if (i % 3 == 0) gort::yield();
        parent = context();
        if (i % 5 == 0) cancel_child();
        cancel_parent = cancel_child = gort::cancel_func();
        (void)done.recv();
        if (!stop()) wait_until([&] { return *runs == 1; });
        wrong += *runs > 1;
      }
      --running;
    });
  }
  wait_until([&] { return running == 0; });
  CHECK(wrong == 0);
  wait_until([&] { return count_children(root) == 0; });
  cancel_root();
}

TEST_CASE("the last reference may go in the middle of a cancellation, with all it held") {
  for (int i = 0; i < 500; ++i) {
    const Seen seen;
    const std::weak_ptr<int> alive = seen.alive;
    auto [root, cancel] = with_timeout(background(), std::chrono::microseconds(i % 40));
    std::vector<context> children;
    for (int n = 0; n < 20; ++n) children.push_back(with_cancel(with_value(root, seen)).first);
    gort::go([root = root] { (void)root.done().recv(); });
    children.clear();
    (void)root.done().recv();
    wait_until([&] { return alive.use_count() == 1; });
    cancel();
  }
}

TEST_CASE("threads that are no goroutines make, wait for and cancel contexts") {
  auto [ctx, cancel] = with_cancel(background());
  std::thread waiting([ctx = ctx] {
    CHECK_THROWS_AS(gort::sleep(1h, ctx), gort::context_error);
    CHECK_FALSE(ctx.done().recv().has_value());
  });
  std::thread cancelling([cancel = cancel, ctx = ctx] {
    auto [timed, cancel_timed] = with_timeout(ctx, 2ms);
    (void)timed.done().recv();
    CHECK(timed.err() == gort::deadline_exceeded);
    cancel();
    cancel_timed();
  });
  gort::blocking([&] {
    waiting.join();
    cancelling.join();
  });
  CHECK(ctx.err() == gort::canceled);
}
