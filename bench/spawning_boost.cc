// Boost.Fiber's peer of spawning.cc, where each number is defined.
//
// A fiber has its stack from birth, 9 KB resident, and nothing caps how many are alive: a million
// at once would take 9 GB and half a minute, so spawn_million, parked and queued are left out.
// skynet launches its children with launch::dispatch (run the child first), which keeps few alive,
// on stacks of 64 KiB, which malloc serves without a system call: that is three times faster than
// the default stacks.

#include <cstdint>
#include <memory>
#include <vector>

#include "harness_boost.h"

namespace {

using bench::best_of_3;
using bench::scaled;
using boost::fibers::channel_op_status;
using boost::fibers::fiber;
using boost::fibers::launch;
using Channel = boost::fibers::unbuffered_channel<std::int64_t>;

void one_by_one() {
  const std::int64_t count = scaled(500000, 5000);
  const auto [ns, hash] = best_of_3([&] {
    std::uint64_t sum = 0;
    for (std::int64_t i = 0; i < count; i++) {
      fiber([&, i] { sum += static_cast<std::uint64_t>(i); }).join();
    }
    return sum;
  });
  bench::report("spawn_join", ns / count, "ns/goroutine", hash);
}

void ring() {
  constexpr std::int64_t kMembers = 503;
  const std::int64_t hops = scaled(2000000, 20000);
  const auto [ns, hash] = best_of_3([&] {
    std::vector<std::unique_ptr<Channel>> links;
    for (std::int64_t i = 0; i < kMembers; i++) links.push_back(std::make_unique<Channel>());
    Channel last;
    std::vector<fiber> members;
    for (std::int64_t id = 0; id < kMembers; id++) {
      members.emplace_back([&, id] {
        Channel &from = *links[id], &to = *links[(id + 1) % kMembers];
        std::int64_t token = 0;
        while (from.pop(token) == channel_op_status::success) {
          if (token == 0) {
            last.push(id);
          } else {
            to.push(token - 1);
          }
        }
      });
    }
    links[0]->push(hops);
    std::int64_t winner = 0;
    last.pop(winner);
    for (const auto& link : links) link->close();
    for (fiber& member : members) member.join();
    return winner;
  });
  bench::report("ring_503", ns / hops, "ns/hop", hash);
}

boost::fibers::fixedsize_stack small_stack() {
  using Stack = boost::fibers::fixedsize_stack;
  return Stack(16 * Stack::traits_type::page_size());
}

void skynet_node(Channel& out, std::int64_t first, std::int64_t size) {
  if (size == 1) {
    out.push(first);
    return;
  }
  Channel results;
  fiber children[10];
  const std::int64_t part = size / 10;
  const auto child = [&results, first, part](std::int64_t i) {
    skynet_node(results, first + i * part, part);
  };
  for (std::int64_t i = 0; i < 10; i++) {
    children[i] = fiber(launch::dispatch, std::allocator_arg, small_stack(), child, i);
  }
  std::int64_t sum = 0, v = 0;
  for (std::int64_t i = 0; i < 10; i++) {
    results.pop(v);
    sum += v;
  }
  for (fiber& child : children) child.join();
  out.push(sum);
}

void skynet() {
  const std::int64_t leaves = scaled(1000000, 1000);
  const auto [ns, hash] = best_of_3([&] {
    Channel result;
    fiber root(launch::dispatch, [&] { skynet_node(result, 0, leaves); });
    std::int64_t sum = 0;
    result.pop(sum);
    root.join();
    return sum;
  });
  bench::report("skynet", ns / 1e6, "ms", hash);
}

void sieve() {
  const std::int64_t limit = scaled(37813, 541);  // the 4,000th prime and the 100th
  bench::Hash hash;
  const auto start = bench::Clock::now();
  using Link = std::shared_ptr<Channel>;
  std::vector<fiber> filters;
  Link numbers = std::make_shared<Channel>();
  filters.emplace_back([out = numbers, limit] {
    for (std::int64_t v = 2; v <= limit; v++) out->push(v);
    out->close();
  });
  std::int64_t prime = 0;
  while (numbers->pop(prime) == channel_op_status::success) {
    hash.add(static_cast<std::uint64_t>(prime));
    Link filtered = std::make_shared<Channel>();
    filters.emplace_back([prime, in = numbers, out = filtered] {
      std::int64_t v = 0;
      while (in->pop(v) == channel_op_status::success) {
        if (v % prime != 0) out->push(v);
      }
      out->close();
    });
    numbers = filtered;
  }
  for (fiber& filter : filters) filter.join();
  bench::report("sieve_4000", bench::nanoseconds_since(start) / 1e6, "ms", hash);
}

constexpr bench::Benchmark kAll[] = {
    {"spawn_join", one_by_one},
    {"ring_503", ring},
    {"skynet", skynet},
    {"sieve_4000", sieve},
};

}  // namespace

int main(int argc, char** argv) { return bench::run_boost(argc, argv, kAll); }
