// Channels: close racing receives and selects. Once a value or a close is there, nobody may miss
// it.
//
// Not here: what close does to those who already wait (channels_blocking.cc).

#include <gort/chan.hpp>
#include <gort/select.hpp>

#include "support.h"

using namespace conformance;
using gort::chan;
using gort::make;

TEST_CASE("a try_recv racing with close and another receive always finds something") {  // 10
  NoGoroutineLeft leak;
  const int rounds = scaled(10'000);
  int missed = 0;
  for (int i = 0; i < rounds; ++i) {
    auto c = make<chan<int>>(1);
    c.send(1);
    auto found = make<chan<bool>>(1);
    gort::go([=] {
      auto result = c.try_recv();
      found.send(result.value.has_value() || result.closed);
    });
    c.close();
    (void)c.recv();
    missed += !*found.recv();
  }
  CHECK(missed == 0);
}

TEST_CASE("a select never takes its default while one of its channels is ready all along") {  // 11
  NoGoroutineLeft leak;
  const int rounds = scaled(100'000);
  auto missed = make<chan<bool>>(1);
  int defaults = 0;
  for (int i = 0; i < rounds; ++i) {
    auto c1 = make<chan<int>>(1);
    auto c2 = make<chan<int>>(1);
    c1.send(1);
    gort::go([=] {
      std::optional<int> x;
      int chosen = gort::select(gort::on_recv(c1, x), gort::on_recv(c2, x), gort::on_default());
      missed.send(chosen == 2);
    });
    c2.close();
    (void)c1.try_recv();
    defaults += *missed.recv();
  }
  CHECK(defaults == 0);
}

TEST_CASE("close wakes every waiter of a channel, receivers, senders and selects alike") {
  NoGoroutineLeft leak;
  const int waiters = scaled(1000);
  auto to_receive = make<chan<int>>();
  auto to_send = make<chan<int>>();
  std::atomic<int> woken{0};
  std::atomic<int> thrown{0};
  gort::wait_group all;
  for (int i = 0; i < waiters; ++i) {
    all.go([&] { woken += !to_receive.recv().has_value(); });
    all.go([&] {
      std::optional<int> x;
      gort::select(gort::on_recv(to_receive, x), gort::on_recv(chan<int>{}, x));
      woken += !x.has_value();
    });
    all.go([&] { thrown += !thrown_by<gort::runtime_error>([&] { to_send.send(1); }).empty(); });
    all.go([&] {
      thrown += !thrown_by<gort::runtime_error>([&] {
                   gort::select(gort::on_send(to_send, 1), gort::on_send(chan<int>{}, 1));
                 }).empty();
    });
  }
  gort::sleep(10ms);
  to_receive.close();
  to_send.close();
  all.wait();
  CHECK(woken.load() == 2 * waiters);
  CHECK(thrown.load() == 2 * waiters);
}

TEST_CASE("values sent before a close are all received, whoever closes") {
  NoGoroutineLeft leak;
  const int rounds = scaled(2'000);
  int wrong = 0;
  for (int round = 0; round < rounds; ++round) {
    auto c = make<chan<int>>(round % 5);
    const int values = round % 17;
    gort::go([=] {
      for (int i = 0; i < values; ++i) c.send(i);
      c.close();
    });
    int expected = 0;
    for (int v : c) wrong += v != expected++;
    wrong += expected != values;
  }
  CHECK(wrong == 0);
}
