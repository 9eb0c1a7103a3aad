// The loop of allocating.cc for peers: `Heap` has get(bytes), without pointers, and
// put(object), which a collector makes nothing of.

#pragma once

#include <cstddef>
#include <cstdint>

#include "harness.h"

namespace bench {

inline std::uint64_t* volatile kept = nullptr;

template <class Heap, std::size_t Bytes>
std::uint64_t allocate_plain(std::int64_t count) {
  const auto fresh_words = [] { return static_cast<std::uint64_t*>(Heap::get(Bytes)); };
  kept = fresh_words();
  *kept = 0;
  std::uint64_t sum = 0;
  for (std::int64_t i = 0; i < count; i++) {
    std::uint64_t* const fresh = fresh_words();
    *fresh = static_cast<std::uint64_t>(i);
    std::uint64_t* const old = kept;
    sum += *old;
    kept = fresh;
    Heap::put(old);
  }
  Heap::put(kept);
  kept = nullptr;
  return sum;
}

template <class Heap, std::size_t Bytes>
void measure_plain(const char* name, std::int64_t full) {
  const std::int64_t count = scaled(full, full / 1000 + 10);
  const auto [ns, hash] = best_of_3([&] { return allocate_plain<Heap, Bytes>(count); });
  report(name, ns / static_cast<double>(count), "ns", hash);
}

inline constexpr std::int64_t kSmall = 5000000;

template <class Heap>
inline constexpr Benchmark kPlainAllocation[] = {
    {"alloc_16", [] { measure_plain<Heap, 16>("alloc_16", kSmall); }},
    {"alloc_64", [] { measure_plain<Heap, 64>("alloc_64", kSmall); }},
    {"alloc_256", [] { measure_plain<Heap, 256>("alloc_256", kSmall); }},
    {"alloc_1k", [] { measure_plain<Heap, (1 << 10)>("alloc_1k", 1000000); }},
    {"alloc_8k", [] { measure_plain<Heap, (8 << 10)>("alloc_8k", 200000); }},
    {"alloc_32k", [] { measure_plain<Heap, (32 << 10)>("alloc_32k", 60000); }},
    {"alloc_64k", [] { measure_plain<Heap, (64 << 10)>("alloc_64k", 30000); }},
};

}  // namespace bench
