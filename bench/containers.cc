// Containers: maps and growing slices.
//
//   map_int     a map from uint64 to uint64 grows from nothing to a million random keys (insert),
//               each is looked up in another order (hit), a million others are not found (miss),
//               all are visited (iterate), and deleted in the other order (delete); per key
//   map_string  the same with the numbers' decimal digits as keys; those looked up are other copies
//   append_int  10,000,000 numbers are appended to a slice that begins empty; per number
//   append_ptr  the same with pointers

#include <gort/gort.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "harness.h"

namespace {

using bench::scaled;

constexpr std::array<const char*, 5> kOperations = {"insert", "hit", "miss", "iterate", "delete"};

// `count` different keys, from the number `from` on.
template <class Key, class Make>
gort::slice<Key> keys_of(std::size_t count, std::uint64_t from, Make make) {
  auto keys = gort::make<gort::slice<Key>>(count);
  for (std::size_t i = 0; i < count; i++) keys[i] = make(bench::mixed(from + i));
  return keys;
}

// The same made anew, in another order.
template <class Key, class Make>
gort::slice<Key> shuffled_keys(std::size_t count, Make make) {
  gort::slice<Key> keys = keys_of<Key>(count, 0, make);
  for (std::size_t i = count - 1; i > 0; i--) std::swap(keys[i], keys[bench::mixed(i) % (i + 1)]);
  return keys;
}

template <class Body>
void time_phase(double& best, Body body) {
  const auto start = bench::Clock::now();
  body();
  const double elapsed = bench::nanoseconds_since(start);
  if (best == 0 || elapsed < best) best = elapsed;
}

template <class Key, class Make>
void map_of(const std::string& name, Make make) {
  const auto count = static_cast<std::size_t>(scaled(1000000, 1000));
  const gort::slice<Key> keys = keys_of<Key>(count, 0, make);
  const gort::slice<Key> again = shuffled_keys<Key>(count, make);
  const gort::slice<Key> absent = keys_of<Key>(count, std::uint64_t{1} << 40, make);
  std::array<double, 5> best{};
  bench::Hash hash;
  for (int run = 0; run < 3; run++) {
    auto m = gort::make<gort::map<Key, std::uint64_t>>();
    std::uint64_t sum = 0;
    time_phase(best[0], [&] {
      std::uint64_t i = 0;
      for (const Key& key : keys) m[key] = i++;
    });
    time_phase(best[1], [&] {
      std::uint64_t i = 0;
      for (const Key& key : again) {
        const std::uint64_t* const value = m.find(key);
        if (value != nullptr) sum += *value * i++;
      }
    });
    time_phase(best[2], [&] {
      for (const Key& key : absent) sum += m.find(key) != nullptr;
    });
    time_phase(best[3], [&] {
      for (auto&& [key, value] : m) sum += value ^ 5;
    });
    time_phase(best[4], [&] {
      for (const Key& key : again) m.erase(key);
    });
    hash.add(sum);
    hash.add(static_cast<std::uint64_t>(m.len()));
  }
  for (std::size_t i = 0; i < best.size(); i++) {
    bench::report(name + "_" + kOperations[i], best[i] / static_cast<double>(count), "ns", hash);
  }
}

void map_int() {
  map_of<std::uint64_t>("map_int", [](std::uint64_t n) { return n; });
}
void map_string() {
  map_of<gort::string>("map_string", [](std::uint64_t n) {
    return gort::string(std::to_string(n));
  });
}

void append_int() {
  const auto count = static_cast<std::uint64_t>(scaled(10000000, 10000));
  const auto [ns, hash] = bench::best_of_3([&] {
    gort::slice<std::uint64_t> s;
    for (std::uint64_t i = 0; i < count; i++) s = gort::append(s, i);
    return s[count / 2] + static_cast<std::uint64_t>(s.len());
  });
  bench::report("append_int", ns / static_cast<double>(count), "ns/element", hash);
}

void append_ptr() {
  const auto count = static_cast<std::uint64_t>(scaled(10000000, 10000));
  const std::array<std::uint64_t*, 2> nodes = {gort::new_<std::uint64_t>(),
                                               gort::new_<std::uint64_t>()};
  *nodes[1] = 1;
  const auto [ns, hash] = bench::best_of_3([&] {
    gort::slice<gort::ptr<std::uint64_t>> s;
    for (std::uint64_t i = 0; i < count; i++) s = gort::append(s, nodes[i & 1]);
    return *s[1] + static_cast<std::uint64_t>(s.len());
  });
  bench::report("append_ptr", ns / static_cast<double>(count), "ns/element", hash);
}

constexpr bench::Benchmark kAll[] = {
    {"map_int", map_int},
    {"map_string", map_string},
    {"append_int", append_int},
    {"append_ptr", append_ptr},
};

}  // namespace

int main(int argc, char** argv) {
  return gort::run([&] { return bench::run_named(argc, argv, kAll); });
}
