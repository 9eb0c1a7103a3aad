// Simulated programs on the public API: channels, select, sleeps and timeouts.
//
// What other programs only do under luck happens here in every order: a close while a select is
// being woken by another case, a timer that fires while it is stopped. Runs in goroutines. Not
// here: what each operation promises in detail (test/conformance).
#include <algorithm>
#include <chrono>

#include "gort/chan.hpp"
#include "gort/select.hpp"
#include "gort/time.hpp"
#include "test/sim/scenario.h"

namespace sim {
namespace {

using gort::chan;

// Producers and consumers over channels of random capacities: each value arrives once, each
// producer's in order.
void channels() {
  constexpr int kProducers = 3, kConsumers = 3, kEach = 20;
  auto values = gort::make<chan<int>>(below(4));
  auto results = gort::make<chan<int>>(kProducers * kEach);
  Crew producers, consumers;
  for (int p = 0; p < kProducers; ++p) {
    producers.go([=] {
      for (int i = 0; i < kEach; ++i) {
        values.send(p * kEach + i);
        compute(3);
      }
    });
  }
  for (int c = 0; c < kConsumers; ++c) {
    consumers.go([=] {
      int last[kProducers];
      std::fill_n(last, kProducers, -1);
      for (const int value : values) {
        EXPECT(value > last[value / kEach]);
        last[value / kEach] = value;
        results.send(value);
        compute(3);
      }
    });
  }
  producers.join();
  values.close();
  consumers.join();
  EXPECT(results.len() == kProducers * kEach);
  int sum = 0;
  for (int i = 0; i < kProducers * kEach; ++i) sum += *results.recv();
  EXPECT(sum == kProducers * kEach * (kProducers * kEach - 1) / 2);
}

// The prime sieve: a chain of unbuffered channels, always one value on its way somewhere.
void prime_sieve() {
  auto source = gort::make<chan<int>>();
  gort::go([source] {
    for (int i = 2; i < 40; ++i) source.send(i);
    source.close();
  });
  chan<int> in = source;
  for (const int prime : {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37}) {
    EXPECT(in.recv() == prime);
    auto out = gort::make<chan<int>>();
    gort::go([in, out, prime] {
      for (const int value : in) {
        if (value % prime != 0) out.send(value);
      }
      out.close();
    });
    in = out;
  }
  EXPECT(!in.recv());
}

// Selects on both sides of the same channels: every value is sent once and received once.
void selects() {
  auto left = gort::make<chan<int>>(below(2));
  auto right = gort::make<chan<int>>(below(2));
  int sent = 0, received = 0;
  Crew senders, receivers;
  for (int i = 0; i < 4; ++i) {
    senders.go([&] {
      for (int round = 0; round < 10; ++round) {
        const int chosen =
            static_cast<int>(gort::select(gort::on_send(left, 1), gort::on_send(right, 2)));
        EXPECT(chosen == 0 || chosen == 1);
        sent += chosen + 1;
        compute(4);
      }
    });
    receivers.go([&] {
      for (;;) {
        std::optional<int> l, r;
        const int chosen =
            static_cast<int>(gort::select(gort::on_recv(left, l), gort::on_recv(right, r)));
        const std::optional<int>& value = chosen == 0 ? l : r;
        EXPECT(!(chosen == 0 ? r : l));
        if (!value) return;  // closed
        EXPECT(*value == chosen + 1);
        received += *value;
        compute(4);
      }
    });
  }
  senders.join();
  left.close();
  right.close();
  receivers.join();
  for (const int value : left) received += value;  // all may have left by the other channel
  for (const int value : right) received += value;
  EXPECT(sent == received);
}

// A close wakes every receiver and selector exactly once, whoever else was about to.
void close_races() {
  for (int round = 0; round < 4; ++round) {
    auto values = gort::make<chan<int>>();
    auto never = gort::make<chan<int>>();
    int woken = 0, got = 0;
    Crew crew;
    for (int i = 0; i < 3; ++i) {
      crew.go([&] {
        if (values.recv()) ++got;
        ++woken;
      });
      crew.go([&] {
        std::optional<int> value;
        gort::select(gort::on_recv(never), gort::on_recv(values, value));
        if (value) ++got;
        ++woken;
      });
    }
    compute(100);
    values.send(1);
    values.send(2);
    values.close();
    crew.join();
    EXPECT(woken == 6);
    EXPECT(got == 2);
  }
}

// Timeouts against values: exactly one of the two happens, and what was not received is still
// there.
void timeouts() {
  auto values = gort::make<chan<int>>();
  Crew crew;
  int sent = 0, received = 0;
  for (int i = 0; i < 3; ++i) {
    crew.go([&] {
      for (int round = 0; round < 8; ++round) {
        gort::sleep(std::chrono::nanoseconds(below(20'000)));
        const auto chosen = gort::select(gort::on_send(values, 1),
                                         gort::on_timeout(std::chrono::nanoseconds(below(20'000))));
        sent += chosen == 0 ? 1 : 0;
      }
    });
    crew.go([&] {
      for (int round = 0; round < 8; ++round) {
        std::optional<int> value;
        gort::select(gort::on_recv(values, value),
                     gort::on_timeout(std::chrono::nanoseconds(below(20'000))));
        received += value ? *value : 0;
      }
    });
  }
  crew.join();
  EXPECT(sent == received);
}

}  // namespace

const std::vector<Scenario> public_scenarios = {
    {"channels", channels},       {"prime_sieve", prime_sieve}, {"selects", selects},
    {"close_races", close_races}, {"timeouts", timeouts},
};

}  // namespace sim
