// What a goroutine that computes holds, without any call to gort, while others collect: in a
// register alone, or in a local variable alone.
//
// The address goes to the goroutine as its complement, and only instructions that are written out
// turn it back: so no copy of it lies anywhere that the collector looks at but where the test says.
// Not here: goroutines that wait, and what is one call away -> gc_reachability.cc.

#include "gc_support.h"

#include <thread>

using namespace conformance;
using gort::new_;

namespace {

constexpr std::uint64_t kValue = 0x600dce11;

// The complement of a new cell's address.
std::uint64_t hidden_cell() {
  std::uint64_t hidden = 0;
  elsewhere([&hidden] { hidden = ~reinterpret_cast<std::uint64_t>(new_cell(kValue)); });
  return hidden;
}

// Two collections, and cells in what they freed.
void collect_and_use() {
  for (int i = 0; i < 2; ++i) {
    gort::gc();
    for (int n = scaled(20'000); n > 0; --n) new_<Cell>()->value = 0xdead;
  }
}

// Each returns the address that it held from `ready` on until `stop`.
using Hold = std::uint64_t (*)(std::uint64_t hidden, std::atomic<int>& ready,
                               const std::atomic<int>& stop);

[[gnu::noinline]] std::uint64_t hold_in_register(std::uint64_t hidden, std::atomic<int>& ready,
                                                 const std::atomic<int>& stop) {
#if defined(__x86_64__)
  asm volatile(
      "notq %[it]\n\t"
      "movl $1, (%[ready])\n"
      "1:\tpause\n\t"
      "cmpl $0, (%[stop])\n\t"
      "je 1b"
      : [it] "+r"(hidden)
      : [ready] "r"(&ready), [stop] "r"(&stop)
      : "memory", "cc");
#else
  asm volatile(
      "mvn %[it], %[it]\n\t"
      "mov w9, #1\n\t"
      "str w9, [%[ready]]\n"
      "1:\tyield\n\t"
      "ldr w9, [%[stop]]\n\t"
      "cbz w9, 1b"
      : [it] "+r"(hidden)
      : [ready] "r"(&ready), [stop] "r"(&stop)
      : "x9", "memory", "cc");
#endif
  return hidden;
}

[[gnu::noinline]] std::uint64_t hold_in_vector(std::uint64_t hidden, std::atomic<int>& ready,
                                               const std::atomic<int>& stop) {
#if defined(__x86_64__)
  asm volatile(
      "notq %[it]\n\t"
      "movq %[it], %%xmm7\n\t"
      "xorl %k[it], %k[it]\n\t"
      "movl $1, (%[ready])\n"
      "1:\tpause\n\t"
      "cmpl $0, (%[stop])\n\t"
      "je 1b\n\t"
      "movq %%xmm7, %[it]"
      : [it] "+r"(hidden)
      : [ready] "r"(&ready), [stop] "r"(&stop)
      : "xmm7", "memory", "cc");
#else
  asm volatile(
      "mvn %[it], %[it]\n\t"
      "fmov d7, %[it]\n\t"
      "mov %[it], xzr\n\t"
      "mov w9, #1\n\t"
      "str w9, [%[ready]]\n"
      "1:\tyield\n\t"
      "ldr w9, [%[stop]]\n\t"
      "cbz w9, 1b\n\t"
      "fmov %[it], d7"
      : [it] "+r"(hidden)
      : [ready] "r"(&ready), [stop] "r"(&stop)
      : "x9", "v7", "memory", "cc");
#endif
  return hidden;
}

[[gnu::noinline]] std::uint64_t hold_in_local(std::uint64_t hidden, std::atomic<int>& ready,
                                              const std::atomic<int>& stop) {
  volatile std::uint64_t address = ~hidden;
  ready.store(1);
  while (stop.load() == 0) {
  }
  return address;
}

// Held by `hold` while others collect and use what was freed.
bool survives(Hold hold) {
  const std::uint64_t hidden = hidden_cell();
  std::atomic<int> ready{0}, stop{0};
  bool whole = false;
  gort::wait_group holder;
  holder.go([&] {
    const auto* const cell = reinterpret_cast<const Cell*>(hold(hidden, ready, stop));
    whole = cell->value == kValue && cell->inverse == ~kValue;
  });
  while (ready.load() == 0) gort::yield();
  collect_and_use();
  stop.store(1);
  holder.wait();
  return whole;
}

}  // namespace

TEST_CASE("what a goroutine that computes holds in a register alone survives") {
  CHECK(survives(hold_in_register));
  CHECK(survives(hold_in_vector));
}

TEST_CASE("what a goroutine that computes holds in a local variable alone survives") {
  CHECK(survives(hold_in_local));
}

TEST_CASE("what an ordinary thread that computes holds in a register alone survives") {
  const std::uint64_t hidden = hidden_cell();
  std::atomic<int> ready{0}, stop{0};
  bool whole = false;
  gort::wait_group joined;
  joined.add(1);
  std::thread holder([&] {
    gort::yield();  // which attaches it
    const auto* const cell = reinterpret_cast<const Cell*>(hold_in_register(hidden, ready, stop));
    whole = cell->value == kValue && cell->inverse == ~kValue;
    joined.done();
  });
  while (ready.load() == 0) gort::yield();
  collect_and_use();
  stop.store(1);
  joined.wait();
  holder.join();
  CHECK(whole);
}
