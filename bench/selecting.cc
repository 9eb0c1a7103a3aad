// select: choosing one of 2 or of 8 receives.
//
//   select2_ready, select8_ready    one goroutine: a plain send into one of the channels, each with
//                                   room for one, then a select over all, which finds it ready;
//                                   time of both together
//   select2_parked, select8_parked  the select finds nothing and parks each time, until the other
//                                   goroutine sends (unbuffered) and then waits for an
//                                   acknowledgement; time of a round, which is two switches
//
// The hash depends on the order of values and on the index that select returned. Boost.Fiber has no
// select, so there is no peer.

#include <gort/gort.hpp>

#include <cstdint>
#include <optional>
#include <vector>

#include "harness.h"

namespace {

using bench::best_of_3;
using bench::scaled;
using gort::on_recv;
using Channel = gort::chan<std::int64_t>;

std::vector<Channel> channels(std::int64_t n, std::int64_t capacity) {
  std::vector<Channel> all;
  for (std::int64_t i = 0; i < n; i++) all.push_back(gort::make<Channel>(capacity));
  return all;
}

struct Received {
  std::int64_t value;
  std::int64_t chosen;
};

Received select2(const std::vector<Channel>& c) {
  std::optional<std::int64_t> v;
  const std::int64_t chosen = gort::select(on_recv(c[0], v), on_recv(c[1], v));
  return {*v, chosen};
}

Received select8(const std::vector<Channel>& c) {
  std::optional<std::int64_t> v;
  const std::int64_t chosen =
      gort::select(on_recv(c[0], v), on_recv(c[1], v), on_recv(c[2], v), on_recv(c[3], v),
                   on_recv(c[4], v), on_recv(c[5], v), on_recv(c[6], v), on_recv(c[7], v));
  return {*v, chosen};
}

// The width and the function are template parameters, so that the loop calls it as directly as the
// twin does and divides by a constant.
template <std::int64_t kWidth, Received (*select_one)(const std::vector<Channel>&)>
void ready(std::string_view name, std::int64_t rounds) {
  const auto [ns, hash] = best_of_3([&] {
    const std::vector<Channel> c = channels(kWidth, 1);
    std::uint64_t order = 0;
    for (std::int64_t i = 0; i < rounds; i++) {
      c[i % kWidth].send(i);
      const auto [value, chosen] = select_one(c);
      order = order * 31 + static_cast<std::uint64_t>(value + chosen);
    }
    return order;
  });
  bench::report(name, ns / rounds, "ns/round", hash);
}

template <std::int64_t kWidth, Received (*select_one)(const std::vector<Channel>&)>
void parked(std::string_view name, std::int64_t rounds) {
  const auto [ns, hash] = best_of_3([&] {
    const std::vector<Channel> c = channels(kWidth, 0);
    const auto ack = gort::make<Channel>();
    gort::go([c, ack, rounds] {
      for (std::int64_t i = 0; i < rounds; i++) {
        c[i % kWidth].send(i);
        ack.recv();
      }
    });
    std::uint64_t order = 0;
    for (std::int64_t i = 0; i < rounds; i++) {
      const auto [value, chosen] = select_one(c);
      order = order * 31 + static_cast<std::uint64_t>(value + chosen);
      ack.send(1);
    }
    return order;
  });
  bench::report(name, ns / rounds, "ns/round", hash);
}

constexpr bench::Benchmark kAll[] = {
    {"select2_ready", [] { ready<2, select2>("select2_ready", scaled(1000000, 5000)); }},
    {"select8_ready", [] { ready<8, select8>("select8_ready", scaled(500000, 5000)); }},
    {"select2_parked", [] { parked<2, select2>("select2_parked", scaled(300000, 2000)); }},
    {"select8_parked", [] { parked<8, select8>("select8_parked", scaled(200000, 2000)); }},
};

}  // namespace

int main(int argc, char** argv) {
  return gort::run([&] { return bench::run_named(argc, argv, kAll); });
}
