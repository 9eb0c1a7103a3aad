// Allocation: objects are made one after another; each is written to, put where the last one was
// kept, and the last one is dropped. The collector's work is part of it. Per object, best of three.
//
//   alloc_16, _64, _256     objects without pointers, GOGC=100 and next to nothing alive: a
//                           collection every 4 MB
//   alloc_*_ptr             the first word is a pointer to an object that lives
//   alloc_*_gogc400         GOGC=400: a collection every 16 MB
//   alloc_1k, ..., _64k     without pointers
//   alloc_64_by_8           alloc_64_ptr by 8 goroutines at once, each with its own place to keep

#include <gort/gort.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

#include "harness.h"

namespace {

using bench::scaled;

template <std::size_t Bytes>
struct Plain {
  std::uint64_t words[Bytes / 8];
};

template <std::size_t Bytes>
struct Linked {
  gort::ptr<Linked> other;
  std::uint64_t words[Bytes / 8 - 1];
};

// The place, and the rest of two cache lines.
template <class T>
struct Place {
  gort::ptr<T> kept;
  std::uint64_t rest[15];
};

template <std::size_t Bytes>
std::uint64_t plain(std::uint64_t count) {
  using T = Plain<Bytes>;
  Place<T>* const place = gort::new_<Place<T>>();
  place->kept = gort::new_<T>();
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < count; i++) {
    T* const fresh = gort::new_<T>();
    fresh->words[0] = i;
    sum += place->kept->words[0];
    place->kept = fresh;
  }
  return sum;
}

template <std::size_t Bytes>
std::uint64_t with_pointer(std::uint64_t count) {
  using T = Linked<Bytes>;
  Place<T>* const place = gort::new_<Place<T>>();
  T* const anchor = gort::new_<T>();
  place->kept = anchor;
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < count; i++) {
    T* const fresh = gort::new_<T>();
    fresh->other = anchor;
    fresh->words[0] = i;
    sum += place->kept->words[0];
    place->kept = fresh;
  }
  return sum;
}

using Body = std::uint64_t (*)(std::uint64_t);

void measure(const char* name, int gogc, std::int64_t full, Body body) {
  gort::set_gc_percent(gogc);
  const std::int64_t count = scaled(full, full / 1000 + 10);
  const auto [ns, hash] = bench::best_of_3([&] { return body(static_cast<std::uint64_t>(count)); });
  bench::report(name, ns / static_cast<double>(count), "ns", hash);
}

void by_8() {
  const auto count = static_cast<std::uint64_t>(scaled(1000000, 1000));
  const auto [ns, hash] = bench::best_of_3([&] {
    std::array<std::uint64_t, 8> sums{};
    gort::wait_group done;
    for (std::uint64_t& sum : sums) done.go([&sum, count] { sum = with_pointer<64>(count); });
    done.wait();
    std::uint64_t sum = 0;
    for (const std::uint64_t part : sums) sum += part;
    return sum;
  });
  bench::report("alloc_64_by_8", ns / static_cast<double>(8 * count), "ns", hash);
}

constexpr std::int64_t kSmall = 5000000;

constexpr bench::Benchmark kAll[] = {
    {"alloc_16", [] { measure("alloc_16", 100, kSmall, plain<16>); }},
    {"alloc_16_ptr", [] { measure("alloc_16_ptr", 100, kSmall, with_pointer<16>); }},
    {"alloc_64", [] { measure("alloc_64", 100, kSmall, plain<64>); }},
    {"alloc_64_ptr", [] { measure("alloc_64_ptr", 100, kSmall, with_pointer<64>); }},
    {"alloc_256", [] { measure("alloc_256", 100, kSmall, plain<256>); }},
    {"alloc_256_ptr", [] { measure("alloc_256_ptr", 100, kSmall, with_pointer<256>); }},
    {"alloc_16_gogc400", [] { measure("alloc_16_gogc400", 400, kSmall, plain<16>); }},
    {"alloc_16_ptr_gogc400",
     [] { measure("alloc_16_ptr_gogc400", 400, kSmall, with_pointer<16>); }},
    {"alloc_64_gogc400", [] { measure("alloc_64_gogc400", 400, kSmall, plain<64>); }},
    {"alloc_64_ptr_gogc400",
     [] { measure("alloc_64_ptr_gogc400", 400, kSmall, with_pointer<64>); }},
    {"alloc_256_gogc400", [] { measure("alloc_256_gogc400", 400, kSmall, plain<256>); }},
    {"alloc_256_ptr_gogc400",
     [] { measure("alloc_256_ptr_gogc400", 400, kSmall, with_pointer<256>); }},
    {"alloc_1k", [] { measure("alloc_1k", 100, 1000000, plain<(1 << 10)>); }},
    {"alloc_8k", [] { measure("alloc_8k", 100, 200000, plain<(8 << 10)>); }},
    {"alloc_32k", [] { measure("alloc_32k", 100, 60000, plain<(32 << 10)>); }},
    {"alloc_64k", [] { measure("alloc_64k", 100, 30000, plain<(64 << 10)>); }},
    {"alloc_64_by_8", by_8},
};

}  // namespace

int main(int argc, char** argv) {
  return gort::run([&] { return bench::run_named(argc, argv, kAll); });
}
