// Spawning: what a goroutine costs to start, to end and to keep.
//
//   spawn_join     start a goroutine and wait for its end, one after the other; per goroutine
//   spawn_million  start 1,000,000, then wait for all; per goroutine
//   ring_503       503 goroutines in a ring of unbuffered channels pass one token; per hop
//   skynet         a tree of goroutines, ten children each, 1,000,000 leaves, which send their
//                  numbers up to be added
//   sieve_4000     the first 4,000 primes by a chain of one filtering goroutine per prime; one run,
//                  which spawns, switches and shuts down through closed channels
//   parked         1,000,000 goroutines that wait at one channel. parked_first is the time from
//                  the first go() until the last has begun, in a process that has had none before,
//                  and parked_again the same after all of them have ended. bytes_parked is the
//                  growth of resident memory and page tables over the first wave, per goroutine
//   queued         bytes_queued is that growth while 1,000,000 goroutines are queued and have not
//                  run: meaningful on one processor only, where they wait for the spawner. A
//                  spawner that takes long may be made to let them run; bytes_queued_begun tells
//                  which share had begun (and waits at a channel, so that its memory is counted).
//                  Go cannot hold a million back, but its goroutines have their stack from birth

#include <gort/gort.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "harness.h"

namespace {

using bench::best_of_3;
using bench::scaled;
using Channel = gort::chan<std::int64_t>;

void one_by_one() {
  const std::int64_t count = scaled(500000, 5000);
  const auto [ns, hash] = best_of_3([&] {
    std::uint64_t sum = 0;
    gort::wait_group done;
    for (std::int64_t i = 0; i < count; i++) {
      done.add(1);
      gort::go([&, i] {
        sum += static_cast<std::uint64_t>(i);
        done.done();
      });
      done.wait();
    }
    return sum;
  });
  bench::report("spawn_join", ns / count, "ns/goroutine", hash);
}

void all_at_once() {
  const std::int64_t count = scaled(1000000, 2000);
  const auto [ns, hash] = best_of_3([&] {
    std::atomic<std::uint64_t> sum{0};
    gort::wait_group done;
    done.add(count);
    for (std::int64_t i = 0; i < count; i++) {
      gort::go([&, i] {
        sum += static_cast<std::uint64_t>(i);
        done.done();
      });
    }
    done.wait();
    return sum.load();
  });
  bench::report("spawn_million", ns / count, "ns/goroutine", hash);
}

void ring() {
  constexpr std::int64_t kMembers = 503;
  const std::int64_t hops = scaled(2000000, 20000);
  const auto [ns, hash] = best_of_3([&] {
    std::vector<Channel> links;
    for (std::int64_t i = 0; i < kMembers; i++) links.push_back(gort::make<Channel>());
    const auto last = gort::make<Channel>();
    gort::wait_group done;
    done.add(kMembers);
    for (std::int64_t id = 0; id < kMembers; id++) {
      gort::go([&done, last, id, from = links[id], to = links[(id + 1) % kMembers]] {
        for (std::int64_t token : from) {
          if (token == 0) {
            last.send(id);
          } else {
            to.send(token - 1);
          }
        }
        done.done();
      });
    }
    links[0].send(hops);
    const std::int64_t winner = *last.recv();
    for (const Channel& link : links) link.close();
    done.wait();
    return winner;
  });
  bench::report("ring_503", ns / hops, "ns/hop", hash);
}

void skynet_node(const Channel& out, std::int64_t first, std::int64_t size) {
  if (size == 1) {
    out.send(first);
    return;
  }
  const auto results = gort::make<Channel>();
  const std::int64_t part = size / 10;
  for (std::int64_t i = 0; i < 10; i++) gort::go(skynet_node, results, first + i * part, part);
  std::int64_t sum = 0;
  for (std::int64_t i = 0; i < 10; i++) sum += *results.recv();
  out.send(sum);
}

void skynet() {
  const std::int64_t leaves = scaled(1000000, 1000);
  const auto [ns, hash] = best_of_3([&] {
    const auto result = gort::make<Channel>();
    gort::go(skynet_node, result, std::int64_t{0}, leaves);
    return *result.recv();
  });
  bench::report("skynet", ns / 1e6, "ms", hash);
}

void sieve_filter(std::int64_t prime, const Channel& in, const Channel& out) {
  for (std::int64_t v : in) {
    if (v % prime != 0) out.send(v);
  }
  out.close();
}

void sieve() {
  const std::int64_t limit = scaled(37813, 541);  // the 4,000th prime and the 100th
  bench::Hash hash;
  const auto start = bench::Clock::now();
  Channel numbers = gort::make<Channel>();
  gort::go([out = numbers, limit] {
    for (std::int64_t v = 2; v <= limit; v++) out.send(v);
    out.close();
  });
  while (const auto prime = numbers.recv()) {
    hash.add(static_cast<std::uint64_t>(*prime));
    const Channel filtered = gort::make<Channel>();
    gort::go(sieve_filter, *prime, numbers, filtered);
    numbers = filtered;
  }
  bench::report("sieve_4000", bench::nanoseconds_since(start) / 1e6, "ms", hash);
}

struct Wave {
  double create_ns;
  double bytes;
  std::uint64_t released;
};

Wave park_and_release(std::int64_t count) {
  const auto gate = gort::make<Channel>();
  gort::wait_group started, finished;
  std::atomic<std::uint64_t> released{0};
  started.add(count);
  finished.add(count);
  const double before = bench::memory_bytes();
  const auto start = bench::Clock::now();
  for (std::int64_t i = 0; i < count; i++) {
    gort::go([&, gate] {
      started.done();
      if (!gate.recv()) released++;
      finished.done();
    });
  }
  started.wait();
  Wave wave{};
  wave.create_ns = bench::nanoseconds_since(start);
  gort::sleep(std::chrono::milliseconds(100));  // the last ones are still on their way to the gate
  wave.bytes = bench::memory_bytes() - before;
  gate.close();
  finished.wait();
  wave.released = released;
  return wave;
}

void parked() {
  const std::int64_t count = scaled(1000000, 2000);
  const Wave first = park_and_release(count);
  const Wave again = park_and_release(count);
  bench::Hash first_hash, again_hash;
  first_hash.add(first.released);
  again_hash.add(again.released);
  bench::report("parked_first", first.create_ns / count, "ns/goroutine", first_hash);
  bench::report("bytes_parked", first.bytes / count, "bytes/goroutine", first_hash);
  bench::report("parked_again", again.create_ns / count, "ns/goroutine", again_hash);
}

void queued() {
  const std::int64_t count = scaled(1000000, 2000);
  const auto gate = gort::make<Channel>();
  gort::wait_group finished;
  std::atomic<std::uint64_t> begun{0}, released{0};
  const double before = bench::memory_bytes();
  finished.add(count);
  for (std::int64_t i = 0; i < count; i++) {
    gort::go([&, gate] {
      begun++;
      if (!gate.recv()) released++;
      finished.done();
    });
  }
  const double early = static_cast<double>(begun.load());
  const double bytes = (bench::memory_bytes() - before) / count;
  gate.close();
  finished.wait();
  bench::Hash hash;
  hash.add(released);
  bench::report("bytes_queued", bytes, "bytes/goroutine", hash);
  bench::report("bytes_queued_begun", early / count, "fraction", hash);
}

constexpr bench::Benchmark kAll[] = {
    {"spawn_join", one_by_one}, {"spawn_million", all_at_once}, {"ring_503", ring},
    {"skynet", skynet},         {"sieve_4000", sieve},          {"parked", parked},
    {"queued", queued},
};

}  // namespace

int main(int argc, char** argv) {
  return gort::run([&] { return bench::run_named(argc, argv, kAll); });
}
