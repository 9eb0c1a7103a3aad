// Boost.Fiber's peer of switching.cc, where each number is defined.

#include <atomic>
#include <cstdint>

#include "harness_boost.h"

namespace {

using bench::best_of_3;
using bench::scaled;
using boost::fibers::channel_op_status;
using boost::fibers::fiber;

void yields(std::string_view name, std::int64_t goroutines) {
  const std::int64_t total = scaled(2000000, 10000);
  const std::int64_t each = total / goroutines;
  const auto [ns, hash] = best_of_3([&] {
    std::atomic<std::uint64_t> count{0};
    std::vector<fiber> fibers;
    for (std::int64_t g = 0; g < goroutines; g++) {
      fibers.emplace_back([&, each] {
        std::uint64_t own = 0;
        for (std::int64_t i = 0; i < each; i++) {
          boost::this_fiber::yield();
          own++;
        }
        count += own;
      });
    }
    for (fiber& f : fibers) f.join();
    return count.load();
  });
  bench::report(name, ns / total, "ns/yield", hash);
}

void pingpong() {
  const std::int64_t rounds = scaled(500000, 2000);
  const auto [ns, hash] = best_of_3([&] {
    boost::fibers::unbuffered_channel<std::int64_t> there, back;
    fiber other([&] {
      std::int64_t v = 0;
      while (there.pop(v) == channel_op_status::success) {
        back.push(static_cast<std::int64_t>(v * 3ull + 1));
      }
    });
    std::int64_t v = 0;
    for (std::int64_t i = 0; i < rounds; i++) {
      there.push(v);
      back.pop(v);
    }
    there.close();
    other.join();
    return v;
  });
  bench::report("pingpong", ns / rounds, "ns/round_trip", hash);
}

void spsc() {
  const std::int64_t messages = scaled(4000000, 20000);
  const auto [ns, hash] = best_of_3([&] {
    boost::fibers::buffered_channel<std::int64_t> c(128);
    fiber producer([&] {
      for (std::int64_t i = 0; i < messages; i++) c.push(i);
      c.close();
    });
    std::uint64_t order = 0;
    std::int64_t v = 0;
    while (c.pop(v) == channel_op_status::success) {
      order = order * 31 + static_cast<std::uint64_t>(v);
    }
    producer.join();
    return order;
  });
  bench::report("spsc_128", ns / messages, "ns/message", hash);
}

template <class Channel>
std::uint64_t exchange(Channel& c, std::int64_t sides, std::int64_t each) {
  std::atomic<std::uint64_t> sum{0};
  std::vector<fiber> producers, consumers;
  for (std::int64_t s = 0; s < sides; s++) {
    consumers.emplace_back([&] {
      std::uint64_t own = 0;
      std::int64_t v = 0;
      while (c.pop(v) == channel_op_status::success) own += static_cast<std::uint64_t>(v);
      sum += own;
    });
  }
  for (std::int64_t s = 0; s < sides; s++) {
    producers.emplace_back([&, first = s * each] {
      for (std::int64_t i = 0; i < each; i++) c.push(first + i);
    });
  }
  for (fiber& f : producers) f.join();
  c.close();
  for (fiber& f : consumers) f.join();
  return sum.load();
}

void mpmc_128() {
  const std::int64_t each = scaled(2000000, 16000) / 8;
  const auto [ns, hash] = best_of_3([&] {
    boost::fibers::buffered_channel<std::int64_t> c(128);
    return exchange(c, 8, each);
  });
  bench::report("mpmc_128", ns / (each * 8), "ns/message", hash);
}

void mpmc_0() {
  const std::int64_t each = scaled(1000000, 8000) / 8;
  const auto [ns, hash] = best_of_3([&] {
    boost::fibers::unbuffered_channel<std::int64_t> c;
    return exchange(c, 8, each);
  });
  bench::report("mpmc_0", ns / (each * 8), "ns/message", hash);
}

constexpr bench::Benchmark kAll[] = {
    {"yield_2", [] { yields("yield_2", 2); }},
    {"yield_100", [] { yields("yield_100", 100); }},
    {"pingpong", pingpong},
    {"spsc_128", spsc},
    {"mpmc_128", mpmc_128},
    {"mpmc_0", mpmc_0},
};

}  // namespace

int main(int argc, char** argv) { return bench::run_boost(argc, argv, kAll); }
