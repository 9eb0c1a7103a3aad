// Select: which case it takes, and what becomes of the cases it did not take (Go's chan_test,
// select*.go).
//
// Not here: what a select statement looks like in C++ (select_forms.cc), close (channels_close.cc).

#include <gort/select.hpp>

#include "support.h"

#include <array>
#include <cstdio>
#include <vector>

using namespace conformance;
using gort::chan;
using gort::make;
using gort::on_recv;
using gort::on_send;
using gort::select;

TEST_CASE("select picks uniformly among the ready cases") {  // 13
  NoGoroutineLeft leak;
  constexpr int kTrials = 10'000;
  auto c1 = make<chan<int>>(kTrials + 1);
  auto c2 = make<chan<int>>(kTrials + 1);
  for (int i = 0; i < kTrials + 1; ++i) {
    c1.send(1);
    c2.send(2);
  }
  auto never1 = make<chan<int>>();
  auto never2 = make<chan<int>>();
  int picked[4] = {};
  std::optional<int> x;
  for (int i = 0; i < kTrials; ++i) {
    ++picked[select(on_recv(never1, x), on_recv(c1, x), on_recv(c2, x), on_recv(never2, x))];
  }
  CHECK(picked[0] == 0);
  CHECK(picked[3] == 0);
  CHECK(picked[1] + picked[2] == kTrials);
  CHECK(picked[1] > kTrials / 2 - 500);  // ten standard deviations
  CHECK(picked[1] < kTrials / 2 + 500);
}

TEST_CASE("select picks uniformly among eight ready sends") {  // 13
  std::array<chan<int>, 8> c;
  for (auto& each : c) each = make<chan<int>>(4'000);
  for (int i = 0; i < 8'000; ++i) {
    select(on_send(c[0], i), on_send(c[1], i), on_send(c[2], i), on_send(c[3], i), on_send(c[4], i),
           on_send(c[5], i), on_send(c[6], i), on_send(c[7], i));
  }
  for (auto& each : c) {
    CHECK(each.len() > 700);
    CHECK(each.len() < 1'300);
  }
}

TEST_CASE("of two sends to the same channel in one select both happen now and then") {  // 14
  NoGoroutineLeft leak;
  for (int capacity : {0, 100}) {
    auto c = make<chan<int>>(capacity);
    gort::go([=] {
      for (int i = 0; i < 100; ++i) select(on_send(c, 0), on_send(c, 1));
      c.close();
    });
    int zeros = 0;
    int ones = 0;
    for (int v : c) ++(v == 0 ? zeros : ones);
    CHECK(zeros > 10);
    CHECK(ones > 10);
    CHECK(zeros + ones == 100);
  }
}

TEST_CASE("two goroutines that send and receive on one channel in one select both finish") {  // 15
  NoGoroutineLeft leak;
  for (int capacity : {0, 10}) {
    auto c = make<chan<int>>(capacity);
    std::atomic<int> own{0};
    gort::wait_group both;
    for (int id = 0; id < 2; ++id) {
      both.go([=, &own] {
        for (int i = 0; i < 1'000; ++i) {
          std::optional<int> v;
          int first = id == 0 ? select(on_send(c, id), on_recv(c, v))
                              : 1 - select(on_recv(c, v), on_send(c, id));
          own += first == 1 && v == id;
        }
      });
    }
    both.wait();  // without a buffer every step of one is a step of the other
    if (capacity == 0) CHECK(own.load() == 0);
  }
}

TEST_CASE("a select that waits twice on one channel leaves its queue whole") {  // 16 (select3, 7)
  NoGoroutineLeft leak;
  auto shared = make<chan<bool>>();
  auto other = make<chan<bool>>();
  auto result = make<chan<int>>();
  Started selecting([=] {
    std::optional<bool> v;
    result.send(select(on_recv(shared, v), on_recv(other, v), on_recv(shared, v)));
  });
  CHECK(selecting.waits());
  Started receiving([=] {
    (void)shared.recv();
    result.send(10);
  });
  CHECK(receiving.waits());
  other.send(true);  // takes the select off, which stood in the queue of `shared` twice
  CHECK(result.recv() == 1);
  shared.send(true);
  CHECK(result.recv() == 10);
}

TEST_CASE("the case that lost is unlinked, so later sends on its channel complete") {  // 16b
  NoGoroutineLeft leak;
  auto c1 = make<chan<bool>>();
  auto c2 = make<chan<bool>>();
  auto c3 = make<chan<bool>>();
  gort::go([=] { (void)c1.recv(); });
  gort::go([=] {
    std::optional<bool> v;
    CHECK(select(on_recv(c1, v), on_recv(c2, v)) == 1);
    c3.send(true);
    (void)c1.recv();
  });
  gort::go([=] { c2.send(true); });
  CHECK(c3.recv() == true);
  Started sends([=] {
    c1.send(true);
    c1.send(true);
  });
  CHECK(sends.ends());
}

TEST_CASE("waiting goroutines are served in the order in which they came") {
  NoGoroutineLeft leak;
  constexpr int kWaiters = 50;
  auto c = make<chan<int>>();
  std::vector<int> early(kWaiters);  // than its turn: by how many each was served
  std::vector<Started> all;
  for (int i = 0; i < kWaiters; ++i) {
    all.emplace_back([&, i] {
      int v = -1;
      if (i % 2 == 0) {
        v = *c.recv();
      } else {
        std::optional<int> x;
        select(on_recv(c, x), on_recv(chan<int>{}, x));
        v = *x;
      }
      early[static_cast<std::size_t>(i)] = i - v;
    });
    CHECK(all.back().waits());  // the next one comes after it
  }
  for (int i = 0; i < kWaiters; ++i) c.send(i);
  for (const Started& each : all) CHECK(each.ends());
  CHECK(early == std::vector<int>(kWaiters, 0));
}

namespace {

long resident_bytes() {
  long pages = 0;
  if (std::FILE* f = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(f, "%*d %ld", &pages) != 1) pages = 0;
    std::fclose(f);
  }
  return pages * 4096;
}

}  // namespace

TEST_CASE("half a million blocking selects leave no memory behind") {  // 20
  NoGoroutineLeft leak;
  auto c1 = make<chan<int>>();
  auto c2 = make<chan<int>>();
  auto run = [&](int rounds) {
    Started receiver([=] {
      std::optional<int> v;
      for (int i = 0; i < rounds; ++i) select(on_recv(c1, v), on_recv(c2, v));
    });
    for (int i = 0; i < rounds; ++i) (i % 2 == 0 ? c1 : c2).send(i);
    CHECK(receiver.ends());
  };
  run(100);  // what is made once is there from now on
  const long before = resident_bytes();
  constexpr int kRounds = scaled(500'000);
  run(kRounds);
  const long growth = resident_bytes() - before;
  // 32 bytes a select would be twice as much. A thread that the system holds up may be replaced by
  // another, which takes some ten kilobytes, so a hundred of those do not matter.
  if (!kSanitized) CHECK(growth < kRounds * 16L);
}

TEST_CASE("leaving a long queue takes no search of it") {  // 22 (chanlinear)
  NoGoroutineLeft leak;
  // All stand in the queue of one channel and are woken by their own, the last first. Whoever
  // searched the queue would look at more than 10^9 waiters, each on a cold stack of its own, and
  // not be done when eventually() gives up; unlinking takes a fraction of a second.
  const int n = kSanitized ? 500 : 50'000;
  auto shared = make<chan<bool>>();
  std::vector<chan<bool>> own(static_cast<std::size_t>(n));
  gort::wait_group gone;
  std::atomic<int> begun{0};
  for (auto& c : own) {
    c = make<chan<bool>>();
    gone.go([&, c] {
      ++begun;
      CHECK(select(on_recv(shared), on_recv(c)) == 1);
    });
  }
  while (begun.load() < n) gort::sleep(500us);  // getting their stacks is not what is watched
  Started waking([own] {
    for (auto c = own.rbegin(); c != own.rend(); ++c) c->send(true);
  });
  CHECK(waking.ends());
  gone.wait();
}
