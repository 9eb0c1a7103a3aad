// Channels of C++ values: what may be sent, what happens to it when an operation fails, handles and
// views.
//
// Not here: waiting and order (channels_blocking.cc), contexts (channels_context.cc).

#include <gort/chan.hpp>

#include "support.h"

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

using namespace conformance;
using gort::chan;
using gort::make;
using gort::recv_chan;
using gort::send_chan;

namespace {

struct NoDefault {
  explicit NoDefault(std::string t) : text(std::move(t)) {}
  NoDefault(NoDefault&&) = default;
  NoDefault(const NoDefault&) = delete;
  std::string text;
};

// Moves that throw when told to; counts how many of it live.
struct Fragile {
  static inline std::atomic<int> alive{0};
  static inline std::atomic<int> throw_after{-1};  // moves until one throws; -1: never

  explicit Fragile(int v) : value(v) { ++alive; }
  Fragile(Fragile&& other) : value(other.value) {
    if (throw_after.load() >= 0 && throw_after.fetch_sub(1) == 0) {
      throw std::logic_error("fragile");
    }
    other.value = -1;
    ++alive;
  }
  Fragile(const Fragile&) = delete;
  ~Fragile() { --alive; }
  int value;
};

}  // namespace

TEST_CASE("values that can only be moved go through channels of any capacity") {
  NoGoroutineLeft leak;
  for (int capacity : {0, 1, 7}) {
    auto c = make<chan<std::unique_ptr<int>>>(capacity);
    gort::go([=] {
      for (int i = 0; i < 100; ++i) c.send(std::make_unique<int>(i));
      c.close();
    });
    int next = 0;
    int wrong = 0;
    for (std::unique_ptr<int> v : c) wrong += *v != next++;
    CHECK(wrong == 0);
    CHECK(next == 100);
  }
}

TEST_CASE("an element type needs no default constructor and no assignment") {
  auto c = make<chan<NoDefault>>(2);
  c.send(NoDefault("a string too long for the small string buffer"));
  c.send(NoDefault("second"));
  CHECK(c.recv()->text == "a string too long for the small string buffer");
  std::optional<NoDefault> x;
  CHECK(gort::select(gort::on_recv(
            c, [&](std::optional<NoDefault> v) { CHECK((v && v->text == "second")); })) == 0);
  CHECK_FALSE(c.try_recv().value.has_value());
}

TEST_CASE("functions, channels and pointers are values too") {
  auto calls = make<chan<std::function<int()>>>(1);
  calls.send([] { return 42; });
  CHECK((*calls.recv())() == 42);
  auto replies = make<chan<chan<int>>>(1);
  auto reply = make<chan<int>>(1);
  replies.send(reply);
  replies.recv()->send(6);
  CHECK(reply.recv() == 6);
  int local = 1;
  auto pointers = make<chan<int*>>(1);
  pointers.send(&local);
  **pointers.recv() = 2;
  CHECK(local == 2);
}

TEST_CASE("a value is moved from only when the operation succeeds") {
  auto c = make<chan<MoveOnly>>(1);
  MoveOnly first(1);
  CHECK(c.try_send(std::move(first)));
  CHECK_FALSE(first.value);
  MoveOnly second(2);
  CHECK_FALSE(c.try_send(std::move(second)));
  CHECK((second.value && *second.value == 2));
  c.close();
  CHECK(thrown_by<gort::runtime_error>([&] { c.send(std::move(second)); }) ==
        "send on closed channel");
  CHECK((second.value && *second.value == 2));
}

TEST_CASE("a sender woken by close still has its value") {
  NoGoroutineLeft leak;
  auto c = make<chan<MoveOnly>>();
  Started sender([=] {
    MoveOnly mine(5);
    CHECK(thrown_by<gort::runtime_error>([&] { c.send(std::move(mine)); }) ==
          "send on closed channel");
    CHECK((mine.value && *mine.value == 5));
  });
  CHECK(sender.blocks());
  c.close();
  CHECK(sender.ends());
}

TEST_CASE("what channels still hold is destroyed when nobody can reach them, cycles included") {
  constexpr int kChannels = 100;
  auto shared = std::make_shared<int>(1);
  struct Element {
    std::shared_ptr<int> value;
    chan<gort::ptr<Element>> home;
  };
  Started maker([shared] {  // on a stack of its own, where nothing of it stays
    for (int i = 0; i < kChannels; ++i) {
      auto plain = make<chan<std::shared_ptr<int>>>(8);
      for (int j = 0; j < 3; ++j) plain.send(shared);
      (void)plain.recv();
      auto cycle = make<chan<gort::ptr<Element>>>(8);
      for (int j = 0; j < 2; ++j) cycle.send(gort::new_<Element>(shared, cycle));
    }
  });
  CHECK(maker.ends());
  // Some other word may look like the address of one or the other.
  CHECK(eventually([&] {
    gort::gc();
    return shared.use_count() <= 1 + 4 * kChannels / 10;
  }));
}

TEST_CASE("a move that throws leaves a buffered channel consistent") {
  CHECK(Fragile::alive.load() == 0);
  {
    auto c = make<chan<Fragile>>(3);
    c.send(Fragile(1));
    Fragile::throw_after = 0;
    CHECK(thrown_by<std::logic_error>([&] { c.send(Fragile(2)); }) == "fragile");
    Fragile::throw_after = -1;
    CHECK(c.len() == 1);
    c.send(Fragile(3));
    Fragile::throw_after = 0;
    CHECK(thrown_by<std::logic_error>([&] { (void)c.recv(); }) == "fragile");
    Fragile::throw_after = -1;
    // Whether the value whose move threw is still there or lost, order and count stay right.
    const auto left = c.len();
    CHECK((left == 1 || left == 2));
    if (left == 2) CHECK(c.recv()->value == 1);
    CHECK(c.recv()->value == 3);
    CHECK_FALSE(c.try_recv().value.has_value());
    for (int i = 0; i < 3; ++i) c.send(Fragile(i));
    CHECK_FALSE(c.try_send(Fragile(9)));
    while (c.try_recv().value.has_value()) {
    }
  }
  CHECK(Fragile::alive.load() == 0);
}

TEST_CASE("a move that throws between two waiting goroutines loses neither of them") {
  NoGoroutineLeft leak;
  {
    // The receiver waits, the sender's move into it throws: the channel serves both afterwards.
    auto c = make<chan<Fragile>>();
    std::atomic<int> received{0};
    Started receiver([&, c] {
      for (int got = 0; got < 1;) {
        try {
          received = c.recv()->value;
          ++got;
        } catch (const std::logic_error&) {
        }
      }
    });
    CHECK(receiver.blocks());
    Fragile::throw_after = 0;
    (void)thrown_by<std::logic_error>([&] { c.send(Fragile(1)); });
    Fragile::throw_after = -1;
    CHECK(eventually([&] {
      if (received.load() == 0) (void)c.try_send(Fragile(2));
      return received.load() != 0;
    }));
    CHECK(receiver.ends());
  }
  CHECK(Fragile::alive.load() == 0);
}

TEST_CASE("copies name the same channel, and comparison tells which") {
  auto a = make<chan<int>>(1);
  auto b = a;
  auto c = make<chan<int>>(1);
  chan<int> nil;
  CHECK(a == b);
  CHECK(a != c);
  CHECK(a);
  CHECK_FALSE(nil);
  CHECK(nil == chan<int>{});
  CHECK(nil != a);
  b.send(3);
  CHECK(a.recv() == 3);
}

TEST_CASE("one-directional views convert from a channel and see it only from their side") {
  auto c = make<chan<int>>(2);
  send_chan<int> in = c;
  recv_chan<int> out = c;
  in.send(1);
  CHECK(in.try_send(2));
  CHECK_FALSE(in.try_send(3));
  CHECK(in.len() == 2);
  CHECK(out.cap() == 2);
  CHECK(out.recv() == 1);
  CHECK(out.try_recv().value == 2);
  in.close();
  CHECK(out.try_recv().closed);
  CHECK(in);
  CHECK_FALSE(send_chan<int>{});
  CHECK(in == send_chan<int>(c));
  static_assert(!std::is_convertible_v<send_chan<int>, chan<int>>);
  static_assert(!std::is_convertible_v<recv_chan<int>, chan<int>>);
  static_assert(!std::is_convertible_v<recv_chan<int>, send_chan<int>>);
}

TEST_CASE("range-for takes what comes until the channel is closed, also through a view") {
  NoGoroutineLeft leak;
  auto c = make<chan<int>>();
  auto produce = [=](int n) {
    for (int i = 0; i < n; ++i) c.send(i);
    c.close();
  };
  gort::go(produce, 10);
  recv_chan<int> out = c;
  std::vector<int> seen;
  for (int v : out) seen.push_back(v);
  CHECK(seen.size() == 10);
  CHECK(std::is_sorted(seen.begin(), seen.end()));
  for (int v : c) CHECK(v == -1);  // closed: no round at all
  auto d = make<chan<int>>(4);
  for (int i = 0; i < 4; ++i) d.send(i);
  for (int v : d) {
    if (v == 1) break;
  }
  CHECK(d.recv() == 2);  // leaving early takes no value too many
}

TEST_CASE("a lambda that captured a channel by value need not be mutable") {
  const auto c = make<chan<int>>(1);
  auto use = [c] {
    c.send(1);
    CHECK(c.recv() == 1);
    c.close();
  };
  use();
}

TEST_CASE("a send happens before the receive that takes its value") {
  NoGoroutineLeft leak;
  auto c = make<chan<bool>>();
  auto back = make<chan<bool>>(1);
  int plain = 0;  // not atomic: the sanitizer would see a missing edge
  const int rounds = scaled(20'000);
  gort::go([&] {
    for (int i = 0; i < rounds; ++i) {
      ++plain;
      c.send(true);
      (void)back.recv();
    }
  });
  int wrong = 0;
  for (int i = 0; i < rounds; ++i) {
    (void)c.recv();
    wrong += plain != i + 1;
    ++plain;
    --plain;
    back.send(true);
  }
  CHECK(wrong == 0);
}

TEST_CASE("a value may have channels of its own type") {
  struct Request {
    int n;
    chan<Request> reply;
    send_chan<Request> to;
    recv_chan<Request> from;
  };
  auto requests = make<chan<Request>>();
  gort::go([requests] {
    for (Request r : requests) r.reply.send({r.n + 1, nullptr, nullptr, nullptr});
  });
  auto reply = make<chan<Request>>(1);
  requests.send({1, reply, reply, reply});
  CHECK(reply.recv()->n == 2);
  requests.close();
}

TEST_CASE("nil is written nullptr, and len and cap are functions too") {
  chan<int> c = make<chan<int>>(3);
  c.send(1);
  CHECK(gort::len(c) == 1);
  CHECK(gort::cap(c) == 3);
  CHECK(gort::len(recv_chan<int>(c)) == 1);
  CHECK(gort::cap(send_chan<int>(c)) == 3);
  CHECK(c != nullptr);
  CHECK(nullptr != recv_chan<int>(c));
  c = nullptr;
  CHECK(c == nullptr);
  CHECK(gort::cap(c) == 0);
  send_chan<int> s = nullptr;
  recv_chan<int> r(nullptr);
  CHECK(s == nullptr);
  CHECK(r == nullptr);
  CHECK(c == chan<int>());
}
