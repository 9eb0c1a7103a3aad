// Switching between goroutines: by yield and through channels, where most programs spend their
// scheduling time.
//
//   yield_2, yield_100  N goroutines that do nothing but yield; wall time per yield of any of them
//   pingpong            two goroutines and two unbuffered channels; time of a round trip, which is
//                       two messages and at least two switches
//   spsc_128            one producer, one consumer, a channel with room for 128; per message. The
//                       hash depends on the order of the messages
//   mpmc_128, mpmc_0    eight producers and eight consumers on one channel, with room for 128 and
//                       with none; per message
//
// Spawning and joining are inside the measured time everywhere, and count for nothing.

#include <gort/gort.hpp>

#include <atomic>
#include <cstdint>

#include "harness.h"

namespace {

using bench::best_of_3;
using bench::scaled;

void yields(std::string_view name, std::int64_t goroutines) {
  const std::int64_t total = scaled(2000000, 10000);
  const std::int64_t each = total / goroutines;
  const auto [ns, hash] = best_of_3([&] {
    std::atomic<std::uint64_t> count{0};
    gort::wait_group done;
    done.add(goroutines);
    for (std::int64_t g = 0; g < goroutines; g++) {
      gort::go([&, each] {
        std::uint64_t own = 0;
        for (std::int64_t i = 0; i < each; i++) {
          gort::yield();
          own++;
        }
        count += own;
        done.done();
      });
    }
    done.wait();
    return count.load();
  });
  bench::report(name, ns / total, "ns/yield", hash);
}

void pingpong() {
  const std::int64_t rounds = scaled(500000, 2000);
  const auto [ns, hash] = best_of_3([&] {
    const auto there = gort::make<gort::chan<std::int64_t>>();
    const auto back = gort::make<gort::chan<std::int64_t>>();
    gort::go([there, back] {
      for (std::int64_t v : there) back.send(static_cast<std::int64_t>(v * 3ull + 1));
      back.close();
    });
    std::int64_t v = 0;
    for (std::int64_t i = 0; i < rounds; i++) {
      there.send(v);
      v = *back.recv();
    }
    there.close();
    return v;
  });
  bench::report("pingpong", ns / rounds, "ns/round_trip", hash);
}

void spsc() {
  const std::int64_t messages = scaled(4000000, 20000);
  const auto [ns, hash] = best_of_3([&] {
    const auto c = gort::make<gort::chan<std::int64_t>>(128);
    gort::go([c, messages] {
      for (std::int64_t i = 0; i < messages; i++) c.send(i);
      c.close();
    });
    std::uint64_t order = 0;
    for (std::int64_t v : c) order = order * 31 + static_cast<std::uint64_t>(v);
    return order;
  });
  bench::report("spsc_128", ns / messages, "ns/message", hash);
}

void mpmc(std::string_view name, std::int64_t capacity, std::int64_t messages) {
  constexpr std::int64_t kSides = 8;
  const std::int64_t each = messages / kSides;
  const auto [ns, hash] = best_of_3([&] {
    const auto c = gort::make<gort::chan<std::int64_t>>(capacity);
    gort::wait_group producers, consumers;
    std::atomic<std::uint64_t> sum{0};
    producers.add(kSides);
    consumers.add(kSides);
    for (std::int64_t s = 0; s < kSides; s++) {
      gort::go([&, c] {
        std::uint64_t own = 0;
        for (std::int64_t v : c) own += static_cast<std::uint64_t>(v);
        sum += own;
        consumers.done();
      });
    }
    for (std::int64_t s = 0; s < kSides; s++) {
      gort::go([&, c, each, first = s * each] {
        for (std::int64_t i = 0; i < each; i++) c.send(first + i);
        producers.done();
      });
    }
    producers.wait();
    c.close();
    consumers.wait();
    return sum.load();
  });
  bench::report(name, ns / (each * kSides), "ns/message", hash);
}

constexpr bench::Benchmark kAll[] = {
    {"yield_2", [] { yields("yield_2", 2); }},
    {"yield_100", [] { yields("yield_100", 100); }},
    {"pingpong", pingpong},
    {"spsc_128", spsc},
    {"mpmc_128", [] { mpmc("mpmc_128", 128, scaled(2000000, 16000)); }},
    {"mpmc_0", [] { mpmc("mpmc_0", 0, scaled(1000000, 8000)); }},
};

}  // namespace

int main(int argc, char** argv) {
  return gort::run([&] { return bench::run_named(argc, argv, kAll); });
}
