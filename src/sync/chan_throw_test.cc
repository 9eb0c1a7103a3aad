// Channels whose elements throw when they are moved, and what becomes of them with the channel.
//
// The claim: an operation that throws has not happened; count, order and everybody who waits are as
// before. Not here: the ordinary case (chan_test.cc), selects (select_test.cc).
#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>

#include "gort/chan.hpp"
#include "gort/go.hpp"
#include "gort/memory.hpp"
#include "gort/sync.hpp"
#include "sync/chan.h"

using gort::chan;
using gort::make;
using gort::sync::Channel;

namespace {

// Lets others run until `happened()`; they are all in this process, so there is nothing to time.
template <class Predicate>
void wait_until(Predicate happened) {
  while (!happened()) gort::yield();
}

bool has_waiter(const Channel* c, unsigned which) {
  return (c->state.load(std::memory_order_acquire) & which) != 0;
}
template <class C>
void wait_for_receiver(const C& c) {
  wait_until([&] { return has_waiter(core(c), gort::sync::kReceiversWait); });
}
template <class C>
void wait_for_sender(const C& c) {
  wait_until([&] { return has_waiter(core(c), gort::sync::kSendersWait); });
}

// Counts itself; its move throws when `fuse` reaches zero.
struct Fragile {
  static inline std::atomic<int> alive{0};
  static inline std::atomic<int> fuse{-1};

  int value;
  explicit Fragile(int v) : value(v) { ++alive; }
  Fragile(Fragile&& other) : value(other.value) {
    if (fuse.load() >= 0 && fuse.fetch_sub(1) == 0) throw std::logic_error("fragile");
    other.value = -1;
    ++alive;
  }
  Fragile& operator=(Fragile&&) = delete;
  ~Fragile() { --alive; }
};

// Runs f where nothing of it stays on a stack, and waits until no value is left.
template <class F>
void leaves_nothing(F f) {
  gort::wait_group ended;
  ended.go(f);
  ended.wait();
  wait_until([] {
    gort::gc();
    return Fragile::alive.load() == 0;
  });
}

}  // namespace

TEST_CASE("a move that throws while sending or receiving leaves value, count and order alone") {
  leaves_nothing([] {
    auto c = make<chan<Fragile>>(2);
    Fragile value(1);
    Fragile::fuse = 0;
    CHECK_THROWS_AS(c.send(std::move(value)), std::logic_error);
    CHECK(value.value == 1);
    CHECK(c.len() == 0);
    Fragile::fuse = 0;
    CHECK_THROWS_AS((void)c.try_send(std::move(value)), std::logic_error);
    c.send(std::move(value));
    c.send(Fragile(2));
    Fragile::fuse = 0;
    CHECK_THROWS_AS((void)c.recv(), std::logic_error);
    Fragile::fuse = 0;
    CHECK_THROWS_AS((void)c.try_recv(), std::logic_error);
    CHECK(c.len() == 2);
    CHECK(c.recv()->value == 1);
    CHECK(c.recv()->value == 2);
    c.send(Fragile(3));  // dies with the channel
    core(c)->check_invariants();
  });
}

TEST_CASE("a sender whose move into a waiting receiver throws leaves the receiver waiting") {
  {
    auto c = make<chan<Fragile>>();
    auto answer = make<chan<int>>(1);
    gort::go([=] { answer.send(c.recv()->value); });
    wait_for_receiver(c);
    Fragile value(5);
    Fragile::fuse = 0;
    CHECK_THROWS_AS(c.send(std::move(value)), std::logic_error);
    wait_for_receiver(c);
    c.send(std::move(value));
    CHECK(answer.recv() == 5);
  }
  wait_until([] { return Fragile::alive.load() == 0; });
}

TEST_CASE("a receiver whose move from a waiting sender throws leaves the sender waiting") {
  {
    auto c = make<chan<Fragile>>();
    gort::go([=] { c.send(Fragile(5)); });
    wait_for_sender(c);
    Fragile::fuse = 0;
    CHECK_THROWS_AS((void)c.recv(), std::logic_error);
    CHECK(c.recv()->value == 5);
  }
  wait_until([] { return Fragile::alive.load() == 0; });
}

TEST_CASE("a sender that cannot be moved up keeps its value, and the receive has happened") {
  {
    auto c = make<chan<Fragile>>(1);
    c.send(Fragile(1));
    gort::go([=] { c.send(Fragile(2)); });
    wait_for_sender(c);
    Fragile::fuse = 1;  // the second move: from the sender into the freed slot
    CHECK(c.recv()->value == 1);
    CHECK(Fragile::fuse.load() == -1);
    CHECK(c.recv()->value == 2);
  }
  wait_until([] { return Fragile::alive.load() == 0; });
}

TEST_CASE("values that were never received die with the channel, also where the ring wraps") {
  leaves_nothing([] {
    auto c = make<chan<Fragile>>(3);
    for (int i = 0; i < 3; ++i) c.send(Fragile(i));
    (void)c.recv();
    (void)c.recv();
    c.send(Fragile(3));
    CHECK(Fragile::alive.load() == 2);
  });
}
