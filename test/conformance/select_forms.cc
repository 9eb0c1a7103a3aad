// Select as a C++ statement: callbacks, output variables in a switch, timeouts, cases made at run
// time.
//
// Not here: how a case is chosen and what becomes of the others (select.cc).

#include <gort/select.hpp>

#include "support.h"

#include <span>
#include <stdexcept>
#include <string>
#include <vector>

using namespace conformance;
using gort::chan;
using gort::make;
using gort::on_default;
using gort::on_recv;
using gort::on_send;
using gort::on_timeout;
using gort::select;
using gort::select_case;

TEST_CASE("a select runs the callback of the case it chose and returns its index") {
  auto a = make<chan<int>>(1);
  auto b = make<chan<std::string>>(1);
  std::string log;
  auto once = [&] {
    return select(
        on_recv(a, [&](std::optional<int> v) { log += v ? "a" + std::to_string(*v) : "a-"; }),
        on_send(b, "seven", [&] { log += "b"; }), on_timeout(1h, [&] { log += "t"; }),
        on_default([&] { log += "d"; }));
  };
  CHECK(once() == 1);
  CHECK(once() == 3);
  a.send(5);
  CHECK(once() == 0);
  CHECK(b.recv() == "seven");
  a.close();
  b.send("full");
  CHECK(once() == 0);
  CHECK(log == "bda5a-");
}

TEST_CASE("output variables let a switch on select break, continue and return") {
  auto numbers = make<chan<int>>(10);
  auto quit = make<chan<bool>>(1);
  for (int i = 0; i < 5; ++i) numbers.send(i);
  auto count_odd = [&] {
    int odd = 0;
    for (;;) {
      std::optional<int> x;
      std::optional<bool> stop;
      switch (select(on_recv(numbers, x), on_recv(quit, stop), on_default())) {
        case 0:
          if (*x % 2 == 0) continue;
          ++odd;
          break;
        case 1: return odd;
        case 2: quit.send(true); break;
      }
    }
  };
  CHECK(count_odd() == 2);
}

TEST_CASE("a receive from a closed channel empties the output variable") {
  auto c = make<chan<int>>();
  c.close();
  std::optional<int> x = 7;
  CHECK(select(on_recv(c, x)) == 0);
  CHECK_FALSE(x.has_value());
}

TEST_CASE("a select without default blocks until one of its channels is ready") {
  NoGoroutineLeft leak;
  auto a = make<chan<int>>();
  auto b = make<chan<int>>();
  std::optional<int> x;
  Started receiver([&] { CHECK(select(on_recv(a, x), on_recv(b, x)) == 1); });
  CHECK(receiver.blocks());
  b.send(3);
  CHECK(receiver.ends());
  CHECK(x == 3);
  Started sender([=] { CHECK(select(on_send(a, 1), on_send(b, 2)) == 0); });
  CHECK(sender.blocks());
  CHECK(a.recv() == 1);
  CHECK(sender.ends());
}

TEST_CASE("a timeout is taken when nothing was ready in time, and not before it") {
  auto c = make<chan<int>>(1);
  const auto start = Clock::now();
  bool late = false;
  std::optional<int> x;
  CHECK(select(on_recv(c, x), on_timeout(20ms, [&] { late = true; })) == 1);
  CHECK(late);
  CHECK(Clock::now() - start >= 20ms);
  c.send(1);
  CHECK(select(on_recv(c, x), on_timeout(1h)) == 0);
  CHECK(select(on_recv(c, x), on_timeout(0s)) == 1);
  CHECK(select(on_recv(c, x), on_timeout(-1s)) == 1);
  CHECK(select(on_timeout(1ms)) == 0);
}

TEST_CASE("of two timeouts the nearer one is taken") {
  CHECK(select(on_timeout(1h), on_timeout(1ms)) == 1);
}

TEST_CASE("nil channels are never ready in a select, and select() with no case blocks for ever") {
  chan<int> nil;
  std::optional<int> x;
  CHECK(select(on_recv(nil, x), on_send(nil, 1), on_timeout(5ms)) == 2);
  CHECK(blocks_for_ever([] { select(); }));
  CHECK(blocks_for_ever([] { select(std::span<select_case>()); }));
  CHECK(blocks_for_ever([] { select(on_recv(chan<int>{}), on_send(chan<int>{}, 1)); }));
}

TEST_CASE("an exception that leaves a callback leaves the select, whose operation has happened") {
  auto c = make<chan<int>>(1);
  c.send(1);
  auto fail = [&] {
    select(on_recv(c, [](std::optional<int>) { throw std::logic_error("mine"); }));
  };
  CHECK(thrown_by<std::logic_error>(fail) == "mine");
  CHECK(c.len() == 0);
}

TEST_CASE("callbacks may park and may select again") {
  NoGoroutineLeft leak;
  auto a = make<chan<int>>(1);
  auto b = make<chan<int>>();
  gort::go([=] {
    gort::sleep(1ms);
    b.send(2);
  });
  a.send(1);
  int sum = 0;
  select(on_recv(a, [&](std::optional<int> first) {
    select(on_recv(b, [&](std::optional<int> second) { sum = *first + *second; }));
  }));
  CHECK(sum == 3);
}

TEST_CASE("a value goes out of a select only in the case that was taken") {
  auto full = make<chan<MoveOnly>>(1);
  full.send(MoveOnly(0));
  auto open = make<chan<MoveOnly>>(1);
  MoveOnly one(1);
  MoveOnly two(2);
  CHECK(select(on_send(full, std::move(one)), on_send(open, std::move(two))) == 1);
  CHECK((one.value && *one.value == 1));
  CHECK_FALSE(two.value);
  CHECK(select(on_send(full, std::move(one)), on_default()) == 1);
  CHECK((one.value && *one.value == 1));
}

TEST_CASE("a select accepts the one-directional views of a channel") {
  auto c = make<chan<int>>(1);
  gort::send_chan<int> in = c;
  gort::recv_chan<int> out = c;
  std::optional<int> x;
  CHECK(select(on_send(in, 4)) == 0);
  CHECK(select(on_recv(out, x)) == 0);
  CHECK(x == 4);
}

TEST_CASE("a list of cases made at run time is chosen from like a static select") {
  NoGoroutineLeft leak;
  constexpr int kChannels = 40;
  std::vector<chan<int>> channels;
  std::vector<std::optional<int>> received(kChannels);
  std::vector<select_case> cases;
  for (int i = 0; i < kChannels; ++i) {
    channels.push_back(make<chan<int>>());
    cases.push_back(on_recv(channels.back(), received[static_cast<std::size_t>(i)]));
  }
  gort::go([=] {
    for (int round = 0; round < 200; ++round) {
      channels[static_cast<std::size_t>(round * 7 % kChannels)].send(round);
    }
  });
  int wrong = 0;
  for (int round = 0; round < 200; ++round) {
    auto chosen = static_cast<std::size_t>(select(std::span(cases)));
    wrong += chosen != static_cast<std::size_t>(round * 7 % kChannels);
    wrong += received[chosen] != round;
  }
  CHECK(wrong == 0);
}

TEST_CASE("sends, receives and a default mix in a list of cases") {
  auto a = make<chan<int>>(1);
  auto b = make<chan<int>>(1);
  std::optional<int> x;
  int ready = 9;
  std::vector<select_case> cases;
  cases.push_back(on_recv(a, x));
  cases.push_back(on_send(b, ready));
  cases.push_back(on_default());
  CHECK(select(std::span(cases)) == 1);
  CHECK(select(std::span(cases)) == 2);
  CHECK(b.recv() == 9);
  b.send(0);
  a.send(5);
  CHECK(select(std::span(cases)) == 0);
  CHECK(x == 5);
}

TEST_CASE("a list of two thousand cases on as many channels works") {
  constexpr std::size_t kChannels = 2'000;
  std::vector<chan<int>> channels(kChannels);
  std::vector<select_case> cases;
  std::optional<int> x;
  for (auto& c : channels) {
    c = make<chan<int>>(1);
    cases.push_back(on_recv(c, x));
  }
  channels[1'234].send(1);
  CHECK(select(std::span(cases)) == 1'234);
  CHECK(x == 1);
}
