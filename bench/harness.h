// The frame around every benchmark program: arguments, clock, hash and the result lines.
//
// A program takes the names of its sub-benchmarks (none: all) and --small, which cuts every count
// so that the whole program takes milliseconds. It prints lines `name value unit hash`: the hash is
// of what the goroutines computed, and is equal in the Go twin and the Boost.Fiber peer, so that a
// benchmark that lost a message or skipped work cannot win. It has no other purpose than this, and
// no result is judged here: run.py does that.
//
// A short benchmark gives the best of three runs, so that one disturbance by the machine does not
// count; a percentile, and whatever is dear or different the first time, comes from one run, and
// run.py starts the program several times. harness.go is the same frame for Go: change both.
//
// Nothing of gort is used here, because the peers include it too. Not here: harness_boost.h starts
// Boost.Fiber's threads; a gort program starts in its own main().

#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string_view>
#include <vector>

namespace bench {

using Clock = std::chrono::steady_clock;

struct Benchmark {
  std::string_view name;
  void (*body)();
};

inline bool small_run = false;

// The size of a benchmark: full, or reduced under --small.
inline std::int64_t scaled(std::int64_t full, std::int64_t reduced) {
  return small_run ? reduced : full;
}

inline double nanoseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

// FNV-1a over 64-bit results, least significant byte first.
class Hash {
 public:
  void add(std::uint64_t value) {
    for (int i = 0; i < 8; i++) {
      state_ = (state_ ^ (value & 0xff)) * 1099511628211u;
      value >>= 8;
    }
  }
  std::uint64_t value() const { return state_; }

 private:
  std::uint64_t state_ = 14695981039346656037u;
};

struct Best {
  double ns;
  Hash hash;
};

// The shortest of three runs of body, which returns its result for the hash.
template <class Body>
Best best_of_3(Body body) {
  Best best{};
  for (int i = 0; i < 3; i++) {
    const Clock::time_point start = Clock::now();
    const auto result = static_cast<std::uint64_t>(body());
    const double elapsed = nanoseconds_since(start);
    if (i == 0 || elapsed < best.ns) best.ns = elapsed;
    best.hash.add(result);
  }
  return best;
}

inline void report(std::string_view name, double value, const char* unit, const Hash& hash) {
  std::printf("%.*s %.6g %s %016llx\n", static_cast<int>(name.size()), name.data(), value, unit,
              static_cast<unsigned long long>(hash.value()));
  std::fflush(stdout);
}

// Sorts the values and gives the one below which p per cent of them lie.
inline double percentile(std::vector<double>& values, std::size_t p) {
  std::sort(values.begin(), values.end());
  return values[(values.size() - 1) * p / 100];
}

// The same for a share of them, finer than a hundredth.
inline double quantile(std::vector<double>& values, double q) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(static_cast<double>(values.size() - 1) * q)];
}

// A bijection of 64-bit numbers that looks random: splitmix64's.
constexpr std::uint64_t mixed(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

// What the process holds of the machine's memory: resident pages and page tables, in bytes.
inline double memory_bytes() {
  std::FILE* status = std::fopen("/proc/self/status", "re");
  if (status == nullptr) {
    std::perror("/proc/self/status");
    std::exit(1);
  }
  long kib = 0;
  char line[256];
  while (std::fgets(line, sizeof line, status) != nullptr) {
    const std::string_view key = std::string_view(line).substr(0, 6);
    if (key == "VmRSS:" || key == "VmPTE:") kib += std::strtol(line + 6, nullptr, 10);
  }
  std::fclose(status);
  return static_cast<double>(kib) * 1024;
}

// Computing that no compiler shortens: 100 steps of xorshift.
[[gnu::noinline]] inline std::uint64_t churn(std::uint64_t x) {
  for (int i = 0; i < 100; i++) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
  }
  return x;
}

// Runs the benchmarks that the arguments name, or all; returns the process's exit status.
inline int run_named(int argc, char** argv, std::span<const Benchmark> all) {
  std::vector<Benchmark> wanted;
  for (int i = 1; i < argc; i++) {
    const std::string_view argument = argv[i];
    if (argument == "--small") {
      small_run = true;
      continue;
    }
    const auto named = [&](const Benchmark& b) { return b.name == argument; };
    const auto found = std::find_if(all.begin(), all.end(), named);
    if (found == all.end()) {
      std::fprintf(stderr, "%s: no benchmark \"%s\"; there are:", argv[0], argv[i]);
      for (const Benchmark& b : all) std::fprintf(stderr, " %s", b.name.data());
      std::fprintf(stderr, "\n");
      return 2;
    }
    wanted.push_back(*found);
  }
  if (wanted.empty()) wanted.assign(all.begin(), all.end());
  for (const Benchmark& b : wanted) b.body();
  return 0;
}

}  // namespace bench
