// Select from inside: its three passes, what it leaves behind in queues, and races for one choice.
//
// Not here: what users may rely on (test/conformance/select*.cc).
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "gort/go.hpp"
#include "gort/select.hpp"
#include "sync/chan.h"

using namespace std::chrono_literals;
using gort::chan;
using gort::make;
using gort::on_default;
using gort::on_recv;
using gort::on_send;
using gort::on_timeout;
using gort::select;
using gort::select_case;

namespace {

template <class Predicate>
void wait_until(Predicate happened) {
  while (!happened()) gort::yield();
}
template <class C>
bool has_receiver(const C& c) {
  return (core(c)->state.load(std::memory_order_acquire) & gort::sync::kReceiversWait) != 0;
}
template <class C>
bool has_sender(const C& c) {
  return (core(c)->state.load(std::memory_order_acquire) & gort::sync::kSendersWait) != 0;
}
template <class... C>
void check_nobody_waits(const C&... c) {
  CHECK_FALSE((has_receiver(c) || ...));
  CHECK_FALSE((has_sender(c) || ...));
  (core(c)->check_invariants(), ...);
}

struct Fragile {
  static inline std::atomic<int> fuse{-1};
  int value;
  explicit Fragile(int v) : value(v) {}
  Fragile(Fragile&& other) : value(other.value) {
    if (fuse.load() >= 0 && fuse.fetch_sub(1) == 0) throw std::logic_error("fragile");
    other.value = -1;
  }
};

}  // namespace

TEST_CASE("a select does one ready operation and leaves the others alone") {
  auto a = make<chan<int>>(1);
  auto b = make<chan<std::string>>(1);
  b.send("full");
  a.send(1);
  std::optional<int> x;
  CHECK(select(on_recv(a, x), on_send(b, "more")) == 0);
  CHECK(x == 1);
  CHECK(b.len() == 1);
}

TEST_CASE("a parked select leaves all other queues when it is served") {
  auto a = make<chan<int>>();
  auto b = make<chan<int>>();
  auto c = make<chan<int>>();
  auto result = make<chan<int>>(1);
  gort::go([=] {
    std::optional<int> x;
    result.send(select(on_recv(a, x), on_send(b, 1), on_recv(c, x), on_recv(a, x)));
  });
  wait_until([&] { return has_receiver(c); });
  CHECK(has_receiver(a));
  CHECK(has_sender(b));
  CHECK(b.recv() == 1);
  CHECK(result.recv() == 1);
  check_nobody_waits(a, b, c);
}

TEST_CASE("who looks without the lock is not misled by a waiter that was served elsewhere") {
  auto a = make<chan<int>>();
  auto b = make<chan<int>>();
  auto result = make<chan<int>>(1);
  gort::go([=] { result.send(select(on_recv(a), on_recv(b))); });
  wait_until([&] { return has_receiver(b); });
  CHECK(a.try_send(1));  // the select has not run since: it still stands in the queue of b
  CHECK_FALSE(b.try_send(2));
  CHECK(select(on_send(b, 3), on_default()) == 1);
  CHECK(result.recv() == 0);
  check_nobody_waits(a, b);
}

TEST_CASE("a select does not meet itself") {
  auto c = make<chan<int>>();
  std::optional<int> x;
  CHECK(select(on_send(c, 1), on_recv(c, x), on_default()) == 2);
  CHECK(select(on_send(c, 1), on_recv(c, x), on_timeout(1ms)) == 2);
  check_nobody_waits(c);
}

TEST_CASE("closing a channel ends a parked receive and throws from a parked send") {
  auto a = make<chan<int>>();
  auto b = make<chan<int>>();
  auto result = make<chan<std::string>>(1);
  gort::go([=] {
    std::optional<int> x = 5;
    const int chosen = select(on_recv(a, x), on_recv(b, x));
    result.send(std::to_string(chosen) + (x ? "value" : "closed"));
  });
  wait_until([&] { return has_receiver(b); });
  b.close();
  CHECK(result.recv() == "1closed");
  gort::go([=] {
    try {
      select(on_send(a, 1), on_timeout(1h));
    } catch (const gort::runtime_error& e) {
      result.send(e.what());
    }
  });
  wait_until([&] { return has_sender(a); });
  a.close();
  CHECK(result.recv() == "send on closed channel");
  check_nobody_waits(a, b);
}

TEST_CASE("a timeout leaves all queues, and a served select leaves no timer") {
  auto a = make<chan<int>>();
  auto b = make<chan<int>>();
  CHECK(select(on_recv(a), on_timeout(1ms), on_recv(b)) == 1);
  check_nobody_waits(a, b);
  int wrong = 0;
  for (int i = 0; i < 300; ++i) {
    gort::go([=] { a.send(i); });
    std::optional<int> x;
    wrong += select(on_recv(a, x), on_timeout(1h)) != 0 || x != i;
  }
  CHECK(wrong == 0);
  check_nobody_waits(a);
}

TEST_CASE("a timeout racing with a send: the value is received or still the sender's") {
  int wrong = 0;
  for (int i = 0; i < 300; ++i) {
    auto c = make<chan<int>>();
    auto sent = make<chan<bool>>(1);
    gort::go([=] { sent.send(select(on_send(c, 1), on_timeout(50us)) == 0); });
    std::optional<int> x;
    const bool received = select(on_recv(c, x), on_timeout(50us)) == 0;
    wrong += received != *sent.recv();
  }
  CHECK(wrong == 0);
}

TEST_CASE("output variables change only if their case is chosen") {
  auto a = make<chan<std::string>>(1);
  auto b = make<chan<std::string>>(1);
  a.send("new value of some length, so that it has memory of its own");
  std::optional<std::string> x = "old", y = "old value of some length, with memory of its own";
  CHECK(select(on_recv(a, x), on_recv(b, y)) == 0);
  CHECK(x->substr(0, 3) == "new");
  CHECK(y->substr(0, 3) == "old");
  x.reset();
  b.send("b");
  CHECK(select(on_recv(a, x), on_recv(b, y)) == 1);
  CHECK_FALSE(x.has_value());
  CHECK(y == "b");
}

TEST_CASE("a callback may take the value, or nothing") {
  auto a = make<chan<std::unique_ptr<int>>>(1);
  a.send(std::make_unique<int>(4));
  int got = 0;
  select(on_recv(a, [&](std::optional<std::unique_ptr<int>> v) { got = **v; }));
  CHECK(got == 4);
  a.send(nullptr);
  select(on_recv(a, [&] { got = 5; }));
  CHECK(got == 5);
}

TEST_CASE("a move that throws leaves a select undone and everything where it was") {
  auto empty = make<chan<Fragile>>();
  auto c = make<chan<Fragile>>(1);
  Fragile value(1);
  Fragile::fuse = 0;
  CHECK_THROWS_AS(select(on_send(c, std::move(value)), on_recv(empty)), std::logic_error);
  CHECK(value.value == 1);
  CHECK(c.len() == 0);
  c.send(std::move(value));
  std::optional<Fragile> x;
  Fragile::fuse = 0;
  CHECK_THROWS_AS(select(on_recv(c, x), on_recv(empty, x)), std::logic_error);
  CHECK(c.len() == 1);
  CHECK_FALSE(x.has_value());
  CHECK(select(on_recv(c, x), on_recv(empty, x)) == 0);
  CHECK(x->value == 1);
  check_nobody_waits(empty, c);
}

TEST_CASE("a parked select that could not be served for an exception goes on waiting") {
  auto a = make<chan<Fragile>>();
  auto b = make<chan<Fragile>>();
  auto result = make<chan<int>>(1);
  gort::go([=] {
    std::optional<Fragile> x;
    select(on_recv(a, x), on_recv(b, x), on_timeout(1h));
    result.send(x->value);
  });
  wait_until([&] { return has_receiver(b); });
  Fragile::fuse = 0;
  CHECK_THROWS_AS(a.send(Fragile(1)), std::logic_error);
  b.send(Fragile(2));
  CHECK(result.recv() == 2);
  check_nobody_waits(a, b);
}

TEST_CASE("a list of cases owns its channels and the values it sends") {
  auto c = make<chan<std::string>>(3);
  std::vector<select_case> cases;
  {
    std::string local = "a copy of a variable that is gone when it is sent";
    cases.push_back(on_send(chan<std::string>(c), local));
  }
  CHECK(select(std::span(cases)) == 0);
  CHECK(c.recv()->substr(0, 6) == "a copy");

  auto numbers = make<chan<int>>(4);
  std::vector<select_case> send_four;
  send_four.push_back(on_send(numbers, 4));
  CHECK(select(std::span(send_four)) == 0);
  CHECK(select(std::span(send_four)) == 0);  // plain values can be sent again
  CHECK(numbers.recv() == 4);
  CHECK(numbers.recv() == 4);

  std::string mine = "first";
  std::vector<select_case> from_variable;
  from_variable.push_back(select_case::send_from(c, mine));
  CHECK(select(std::span(from_variable)) == 0);
  mine = "second";
  CHECK(select(std::span(from_variable)) == 0);
  CHECK(c.recv() == "first");
  CHECK(c.recv() == "second");
}

TEST_CASE("a list may hold limits, the nearest of which counts, and receives without a variable") {
  auto c = make<chan<int>>(1);
  std::vector<select_case> cases;
  cases.push_back(on_timeout(1h));
  cases.push_back(on_recv(c));
  cases.push_back(on_timeout(1ms));
  CHECK(select(std::span(cases)) == 2);
  c.send(1);
  CHECK(select(std::span(cases)) == 1);
  cases.push_back(on_default());
  CHECK(select(std::span(cases)) == 3);
}

TEST_CASE("a list longer than what fits on the stack parks and wakes as a short one") {
  constexpr std::size_t kChannels = 500;
  std::vector<chan<int>> channels(kChannels);
  std::vector<std::optional<int>> received(kChannels);
  std::vector<select_case> cases;
  for (std::size_t i = 0; i < kChannels; ++i) {
    channels[i] = make<chan<int>>();
    cases.push_back(on_recv(channels[i], received[i]));
    cases.push_back(on_recv(channels[i], received[i]));
  }
  gort::go([&channels] {
    for (std::size_t round = 0; round < 100; ++round) {
      channels[round * 37 % kChannels].send(static_cast<int>(round));
    }
  });
  int wrong = 0;
  for (std::size_t round = 0; round < 100; ++round) {
    const auto chosen = static_cast<std::size_t>(select(std::span(cases))) / 2;
    wrong += chosen != round * 37 % kChannels;
    wrong += received[chosen] != static_cast<int>(round);
  }
  CHECK(wrong == 0);
  int waiting = 0;
  for (auto& c : channels) waiting += has_receiver(c);
  CHECK(waiting == 0);
}

TEST_CASE("selects that race for each other's channels exchange every value once") {
  constexpr int kPeers = 6;
  constexpr int kRounds = 2'000;
  std::array<chan<std::unique_ptr<int>>, 4> c;
  for (std::size_t i = 0; i < c.size(); ++i) {
    c[i] = make<chan<std::unique_ptr<int>>>(static_cast<int>(i));  // room for 0, 1, 2, 3
  }
  auto totals = make<chan<long>>(2 * kPeers);
  for (int p = 0; p < kPeers; ++p) {
    gort::go([=] {
      long sum = 0;
      for (int i = 0; i < kRounds; ++i) {
        auto value = std::make_unique<int>(p * kRounds + i);
        sum += *value;
        select(on_send(c[0], std::move(value)), on_send(c[1], std::move(value)),
               on_send(c[2], std::move(value)), on_send(c[3], std::move(value)));
      }
      totals.send(sum);
    });
    gort::go([=] {
      long sum = 0;
      for (int i = 0; i < kRounds; ++i) {
        std::optional<std::unique_ptr<int>> v;
        select(on_recv(c[3], v), on_recv(c[0], v), on_recv(c[2], v), on_recv(c[1], v));
        sum -= **v;
      }
      totals.send(sum);
    });
  }
  long balance = 0;
  for (int p = 0; p < 2 * kPeers; ++p) balance += *totals.recv();
  CHECK(balance == 0);
  check_nobody_waits(c[0], c[1], c[2], c[3]);
}
