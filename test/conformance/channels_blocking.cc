// Channels: who waits, for how long, and what comes out in which order (Go's chan_test and
// chancap).
//
// Capacities are tried side by side, one goroutine each, so that the 10 ms of every "it blocks"
// overlap.
// Not here: close racing other operations (channels_close.cc), element types
// (channels_elements.cc), whole programs (channels_programs.cc).

#include <gort/chan.hpp>

#include "support.h"

#include <array>
#include <limits>
#include <vector>

using namespace conformance;
using gort::chan;
using gort::make;

namespace {

constexpr int kCapacities = kSanitized ? 20 : 200;

// check(capacity) for every capacity at once; returns when all have.
template <class F>
void for_every_capacity(F check) {
  gort::wait_group all;
  for (int capacity = 0; capacity < kCapacities; ++capacity) {
    all.go([&check, capacity] { check(capacity); });
  }
  all.wait();
}

}  // namespace

TEST_CASE("receivers on an empty channel block, try_recv finds nothing, sends release them") {  // 1
  NoGoroutineLeft leak;
  for_every_capacity([](int capacity) {
    auto c = make<chan<int>>(capacity);
    std::atomic<int> sum{0};
    Started first([=, &sum] { sum += *c.recv(); });
    Started second([=, &sum] { sum += *c.recv(); });
    CHECK(first.blocks());
    CHECK(second.blocks());
    auto nothing = c.try_recv();
    CHECK_FALSE(nothing.value.has_value());
    CHECK_FALSE(nothing.closed);
    c.send(123);
    c.send(321);
    CHECK(first.ends());
    CHECK(second.ends());
    CHECK(sum.load() == 444);
  });
}

TEST_CASE("a send to a full channel blocks until a value is received, and try_send fails") {  // 2
  NoGoroutineLeft leak;
  for_every_capacity([](int capacity) {
    auto c = make<chan<int>>(capacity);
    for (int i = 0; i < capacity; ++i) c.send(i);
    Started sender([=] { c.send(capacity); });
    CHECK(sender.blocks());
    CHECK_FALSE(c.try_send(0));
    CHECK(c.recv() == 0);
    CHECK(sender.ends());
  });
}

TEST_CASE("what was sent before close comes out in order, then nothing for ever") {  // 3
  NoGoroutineLeft leak;
  for_every_capacity([](int capacity) {
    auto c = make<chan<int>>(capacity);
    for (int i = 0; i < capacity; ++i) c.send(i);
    c.close();
    int wrong = 0;
    for (int i = 0; i < capacity; ++i) wrong += c.recv() != i;
    CHECK(wrong == 0);
    for (int again = 0; again < 3; ++again) {
      CHECK(c.recv() == std::nullopt);
      auto result = c.try_recv();
      CHECK_FALSE(result.value.has_value());
      CHECK(result.closed);
    }
  });
}

TEST_CASE("close wakes a blocked receiver with nothing, a blocked sender with an exception") {  // 4
  NoGoroutineLeft leak;
  for_every_capacity([](int capacity) {
    auto empty = make<chan<int>>(capacity);
    Started receiver([=] { CHECK(empty.recv() == std::nullopt); });
    auto full = make<chan<int>>(capacity);
    for (int i = 0; i < capacity; ++i) full.send(i);
    Started sender([=] {
      auto text = thrown_by<gort::runtime_error>([&] { full.send(1); });
      CHECK(text == "send on closed channel");
    });
    CHECK(receiver.blocks());
    CHECK(sender.blocks());
    empty.close();
    full.close();
    CHECK(receiver.ends());
    CHECK(sender.ends());
  });
}

TEST_CASE("a consumer sees the values of one producer in order at any capacity") {  // 5
  NoGoroutineLeft leak;
  for_every_capacity([](int capacity) {
    auto c = make<chan<int>>(capacity);
    gort::go([=] {
      for (int i = 0; i < 100; ++i) c.send(i);
    });
    int wrong = 0;
    for (int i = 0; i < 100; ++i) wrong += c.recv() != i;
    CHECK(wrong == 0);
  });
}

TEST_CASE("four producers and four consumers deliver every value exactly once each") {  // 6
  NoGoroutineLeft leak;
  constexpr int kPeers = 4;
  constexpr int kValues = scaled(1000);
  constexpr int kEvery = kSanitized ? 5 : 20;  // capacities 0, 20, 40, …
  gort::wait_group all;
  for (int capacity = 0; capacity < kCapacities; capacity += kEvery) {
    all.go([capacity] {
      auto c = make<chan<int>>(capacity);
      auto results = make<chan<std::vector<int>>>();
      for (int p = 0; p < kPeers; ++p) {
        gort::go([=] {
          for (int i = 0; i < kValues; ++i) c.send(i);
        });
        gort::go([=] {
          std::vector<int> seen;
          for (int i = 0; i < kValues; ++i) seen.push_back(*c.recv());
          results.send(std::move(seen));
        });
      }
      std::vector<int> times(kValues);
      for (int p = 0; p < kPeers; ++p) {
        const auto seen = *results.recv();
        for (int value : seen) ++times[static_cast<std::size_t>(value)];
      }
      int wrong = 0;
      for (int n : times) wrong += n != kPeers;
      CHECK(wrong == 0);
    });
  }
  all.wait();
}

TEST_CASE("len and cap say how much is buffered and how much can be") {  // 7
  auto c = make<chan<int>>(10);
  CHECK(c.len() == 0);
  CHECK(c.cap() == 10);
  for (int i = 0; i < 3; ++i) c.send(i);
  CHECK(c.len() == 3);
  CHECK(c.cap() == 10);
  auto unbuffered = make<chan<int>>();
  CHECK(unbuffered.len() == 0);
  CHECK(unbuffered.cap() == 0);
  chan<int> nil;
  CHECK(nil.len() == 0);
  CHECK(nil.cap() == 0);
}

TEST_CASE("a channel cannot be made with a negative or an impossible capacity") {  // 7
  auto made_with = [](long long n) {
    return thrown_by<gort::runtime_error>([=] { (void)make<chan<int>>(n); });
  };
  CHECK(made_with(-1) == "makechan: size out of range");
  CHECK(made_with(std::numeric_limits<long long>::max()) == "makechan: size out of range");
}

namespace {

template <std::size_t N>
void check_elements_of_size() {
  using Bytes = std::array<unsigned char, N>;
  auto element = std::make_unique<Bytes>();
  for (std::size_t i = 0; i < N; ++i) (*element)[i] = static_cast<unsigned char>(i * 7 + N);
  for (int capacity : {0, 1, 3}) {
    auto c = make<chan<Bytes>>(capacity);
    gort::go([&] { c.send(*element); });
    auto received = c.recv();
    CHECK(received.has_value());
    CHECK((received && *received == *element));
  }
}

}  // namespace

TEST_CASE("elements may have no size, or 65535 bytes") {  // 8
  NoGoroutineLeft leak;
  struct Empty {};
  for (int capacity : {0, 1}) {
    auto c = make<chan<Empty>>(capacity);
    Started sender([=] { c.send(Empty{}); });
    CHECK(c.recv().has_value());
    CHECK(sender.ends());
    CHECK(c.cap() == capacity);
  }
  check_elements_of_size<1>();
  check_elements_of_size<3>();
  check_elements_of_size<64>();
  check_elements_of_size<4097>();
  check_elements_of_size<65535>();
}

TEST_CASE("a nil channel blocks for ever and is never ready") {  // 9
  CHECK(blocks_for_ever([] { chan<int>{}.send(1); }));
  CHECK(blocks_for_ever([] { (void)chan<int>{}.recv(); }));
  chan<int> nil;
  CHECK_FALSE(nil.try_send(1));
  auto nothing = nil.try_recv();
  CHECK_FALSE(nothing.value.has_value());
  CHECK_FALSE(nothing.closed);
  std::optional<int> x;
  CHECK(gort::select(gort::on_recv(nil, x), gort::on_send(nil, 1), gort::on_default()) == 2);
  CHECK(thrown_by<gort::runtime_error>([&] { nil.close(); }) == "close of nil channel");
}

TEST_CASE("closing twice and sending on a closed channel throw Go's texts") {  // 4, 9
  auto c = make<chan<int>>(1);
  c.close();
  CHECK(thrown_by<gort::runtime_error>([&] { c.close(); }) == "close of closed channel");
  CHECK(thrown_by<gort::runtime_error>([&] { c.send(1); }) == "send on closed channel");
  CHECK(thrown_by<gort::runtime_error>([&] { (void)c.try_send(1); }) == "send on closed channel");
  CHECK(thrown_by<gort::panic_error>([&] { c.send(1); }) == "send on closed channel");
  CHECK(thrown_by<gort::runtime_error>([&] { gort::select(gort::on_send(c, 1)); }) ==
        "send on closed channel");
}
