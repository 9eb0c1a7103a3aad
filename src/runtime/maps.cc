// What maps call that need not be in a header: control bytes, random numbers, and how a program
// ends that uses one map from two goroutines.
//
// A random number is a hash of how many there were, with a key that is the process's: who makes a
// map or begins a loop draws one.
//
// Runs on whoever uses the map, any thread, outside sections.
// Not here: the table (gort/detail/map_core.hpp).
#include <sys/random.h>

#include <atomic>
#include <bit>
#include <chrono>
#include <cstring>

#include "base/assert.h"
#include "gort/detail/heap_core.hpp"
#include "gort/detail/map_core.hpp"
#include "gort/error.hpp"

namespace gort::detail {
namespace {

std::uint64_t first_seed() {
  std::uint64_t seed = 0;
  if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) == static_cast<ssize_t>(sizeof seed))
    return seed;
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  return hash_word(static_cast<std::uint64_t>(now), reinterpret_cast<std::uintptr_t>(&seed));
}

}  // namespace

alignas(16) const control no_controls[] = {
    kEmptySlot, kEmptySlot, kEmptySlot, kEmptySlot, kEmptySlot, kEmptySlot, kEmptySlot, kEmptySlot,
    kEmptySlot, kEmptySlot, kEmptySlot, kEmptySlot, kEmptySlot, kEmptySlot, kEmptySlot, kEmptySlot,
};

control* make_controls(std::size_t slots) {
  const std::size_t bytes = slots < kGroupWidth ? kGroupWidth : slots;
  void* const memory = allocate_object(bytes, kGroupWidth, object_kind::noscan, nullptr, bytes);
  std::memset(memory, kEmptySlot, bytes);
  auto* const controls = static_cast<control*>(memory);
  for (std::size_t i = slots; i < bytes; ++i) controls[i] = kAbsentSlot;
  return controls;
}

std::uint64_t map_random() noexcept {
  static const std::uint64_t key = first_seed();
  static constinit std::atomic<std::uint64_t> count{0};
  const std::uint64_t n = count.fetch_add(kHashOdd1, std::memory_order_relaxed);
  return hash_pair(n, std::rotl(n, 32), key);
}

void throw_nil_map() { throw_runtime_error("assignment to entry in nil map"); }

void fatal_concurrent_writes() { base::fatal(base::FatalScope::all, "concurrent map writes"); }
void fatal_concurrent_read() {
  base::fatal(base::FatalScope::all, "concurrent map read and map write");
}
void fatal_concurrent_iteration() {
  base::fatal(base::FatalScope::all, "concurrent map iteration and map write");
}

}  // namespace gort::detail
