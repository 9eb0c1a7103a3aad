// Blocking channel calls with a context as their last argument.
//
// They do what the plain calls do until the context is done, and then throw context_error; a value
// that was not sent is still the caller's. Which wins when the channel is ready and the context
// done is left open, as in a Go select over both.
// Not here: contexts themselves (context.cc), the waiting calls of locks (sync_*.cc).

#include <gort/chan.hpp>
#include <gort/context.hpp>

#include "support.h"

#include <string>

using namespace conformance;
using gort::background;
using gort::chan;
using gort::context_error;
using gort::make;
using gort::with_cancel;
using gort::with_timeout;

namespace {

template <class F>
bool gives_up(F f) {
  try {
    f();
  } catch (const context_error&) {
    return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a receive and a send end with their context, blocked or nil alike") {
  NoGoroutineLeft leak;
  auto c = make<chan<int>>();
  for (const auto& channel : {c, chan<int>{}}) {
    auto [ctx, cancel] = with_cancel(background());
    Started receiver([=, ctx = ctx] { CHECK(gives_up([&] { (void)channel.recv(ctx); })); });
    CHECK(receiver.blocks());
    cancel();
    CHECK(receiver.ends());
    auto [ctx2, cancel2] = with_timeout(background(), 2ms);
    Started sender([=, ctx2 = ctx2] { CHECK(gives_up([&] { channel.send(1, ctx2); })); });
    CHECK(sender.ends());
    cancel2();
  }
  CHECK_FALSE(c.try_recv().value.has_value());  // no waiter stayed behind, of either kind
  CHECK_FALSE(c.try_send(1));
}

TEST_CASE("with a context that is not done the calls are the plain ones") {
  NoGoroutineLeft leak;
  auto [ctx, cancel] = with_cancel(background());
  auto c = make<chan<int>>();
  gort::go([=, ctx = ctx] {
    for (int i = 0; i < 100; ++i) c.send(i, ctx);
    c.close();
  });
  int wrong = 0;
  for (int i = 0; i < 100; ++i) wrong += c.recv(ctx) != i;
  CHECK(wrong == 0);
  CHECK(c.recv(ctx) == std::nullopt);
  CHECK(thrown_by<gort::runtime_error>([&, ctx = ctx] { c.send(1, ctx); }) ==
        "send on closed channel");
  auto d = make<chan<int>>(1);
  d.send(1, background());
  CHECK(d.recv(background()) == 1);
  cancel();
}

TEST_CASE("a value whose send was given up is still the sender's") {
  auto c = make<chan<MoveOnly>>();
  auto [ctx, cancel] = with_timeout(background(), 2ms);
  MoveOnly mine(3);
  CHECK(gives_up([&, ctx = ctx] { c.send(std::move(mine), ctx); }));
  CHECK((mine.value && *mine.value == 3));
  cancel();
}

TEST_CASE("the views of a channel take a context too") {
  auto c = make<chan<int>>(1);
  gort::send_chan<int> in = c;
  gort::recv_chan<int> out = c;
  auto [ctx, cancel] = with_timeout(background(), 2ms);
  in.send(1, background());
  CHECK(gives_up([&, ctx = ctx] { in.send(2, ctx); }));
  CHECK(out.recv(background()) == 1);
  CHECK(gives_up([&, ctx = ctx] { (void)out.recv(ctx); }));
  cancel();
}

TEST_CASE("context_error says why: cancelled, too late, or the given cause") {
  auto text = [](const gort::context& ctx) {
    return thrown_by<context_error>([&] { (void)chan<int>{}.recv(ctx); });
  };
  auto [cancelled, cancel] = with_cancel(background());
  cancel();
  CHECK(text(cancelled).find("context canceled") != std::string::npos);
  auto [late, cancel_late] = with_timeout(background(), 1ms);
  CHECK(text(late).find("context deadline exceeded") != std::string::npos);
  cancel_late();
}

TEST_CASE("select takes a context as one more case: its done channel") {
  NoGoroutineLeft leak;
  auto [ctx, cancel] = with_cancel(background());
  auto c = make<chan<int>>();
  Started selecting([=, ctx = ctx] {
    std::optional<int> v;
    CHECK(gort::select(gort::on_recv(c, v), gort::on_recv(ctx.done())) == 1);
  });
  CHECK(selecting.blocks());
  cancel();
  CHECK(selecting.ends());
}

TEST_CASE("a wait for a task ends with its context, and the task goes on") {
  NoGoroutineLeft leak;
  auto go_on = make<chan<bool>>();
  auto task = gort::spawn([=] {
    (void)go_on.recv();
    return 5;
  });
  auto [ctx, cancel] = with_timeout(background(), 2ms);
  CHECK(gives_up([&, ctx = ctx] { task.wait(ctx); }));
  CHECK(gives_up([&, ctx = ctx] { (void)task.get(ctx); }));
  CHECK_FALSE(task.done());
  go_on.send(true);
  CHECK(task.get(background()) == 5);
  cancel();
}

TEST_CASE("a wait on a cond ends with its context and holds the lock again") {
  NoGoroutineLeft leak;
  gort::mutex m;
  gort::cond c;
  auto [ctx, cancel] = with_timeout(background(), 2ms);
  std::unique_lock lock(m);
  CHECK(gives_up([&, ctx = ctx] { c.wait(lock, ctx); }));
  CHECK(lock.owns_lock());
  CHECK_FALSE(m.try_lock());
  lock.unlock();
  cancel();
}

TEST_CASE("cancel racing with a send loses no value and doubles none") {
  NoGoroutineLeft leak;
  const int rounds = scaled(3'000);
  int wrong = 0;
  for (int i = 0; i < rounds; ++i) {
    auto c = make<chan<int>>();
    auto [ctx, cancel] = with_cancel(background());
    auto sent = gort::spawn([=, ctx = ctx] { return !gives_up([&] { c.send(i, ctx); }); });
    auto received = gort::spawn([=, ctx = ctx] {
      int got = 0;
      (void)gives_up([&] { got += c.recv(ctx) == i; });
      return got == 1;
    });
    if (i % 2 == 0) gort::yield();
    cancel();
    const bool was_sent = sent.get();
    wrong += was_sent != received.get();
  }
  CHECK(wrong == 0);
}
