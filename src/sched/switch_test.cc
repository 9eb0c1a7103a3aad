// Tests of the frames that gort_switch makes and reads, and of what survives a switch.
//
// Not here: who is switched to (loop.cc), exceptions in flight (test/sim, test/conformance).
#include "sched/switch.h"

#include <doctest/doctest.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "gort/go.hpp"
#include "sched/sched.h"

using namespace gort::sched;

TEST_CASE("a prepared stack starts at the entry of goroutines, aligned, with nothing above") {
  alignas(16) char memory[1024];
  std::memset(memory, 0x55, sizeof memory);
  char* const top = memory + sizeof memory;
  void* const sp = prepare_stack(top);
  CHECK(static_cast<char*>(sp) < top);
  CHECK(static_cast<char*>(sp) >= top - 256);
  const SavedFrame frame = saved_frame(sp);
  CHECK(frame.pc == reinterpret_cast<void*>(&gort_goroutine_entry));
  CHECK(frame.frame_pointer == nullptr);
  CHECK(frame.sp == top);
  CHECK(reinterpret_cast<std::uintptr_t>(frame.sp) % 16 == 0);
}

namespace {

// More values than there are callee-saved registers, all alive over the yields, and floating-point
// ones.
std::uint64_t mix(std::uint64_t seed, int depth) {
  std::uint64_t a = seed, b = seed * 3, c = seed * 5, d = seed * 7, e = seed * 11, f = seed * 13,
                g = seed * 17, h = seed * 19;
  double x = static_cast<double>(seed % 97) + 0.5, y = x * 2, z = x * 4;
  for (int i = 0; i < 20; ++i) {
    gort::yield();
    a += b;
    b ^= c;
    c += d;
    d ^= e;
    e += f;
    f ^= g;
    g += h;
    h ^= a;
    x += 1;
    y += x;
    z += y;
  }
  std::uint64_t deeper = depth > 0 ? mix(seed + 1, depth - 1) : 0;
  return a ^ b ^ c ^ d ^ e ^ f ^ g ^ h ^ deeper ^ static_cast<std::uint64_t>(x + y + z);
}

// The same without anybody to switch to.
std::uint64_t mix_alone(std::uint64_t seed) {
  std::uint64_t result = 0;
  std::thread([&] { result = mix(seed, 3); }).join();
  return result;
}

}  // namespace

TEST_CASE("registers, floating-point ones too, are the goroutine's own") {
  constexpr int kCount = 8;
  std::uint64_t expected[kCount], results[kCount];
  for (int i = 0; i < kCount; ++i) expected[i] = mix_alone(static_cast<std::uint64_t>(i) + 1);
  std::atomic<int> running{kCount};
  for (int i = 0; i < kCount; ++i) {
    gort::go([&, i] {
      results[i] = mix(static_cast<std::uint64_t>(i) + 1, 3);
      --running;
    });
  }
  while (running > 0) gort::yield();
  for (int i = 0; i < kCount; ++i) CHECK(results[i] == expected[i]);
}

TEST_CASE("a parked goroutine's frame tells where it stands") {
  std::atomic<Goroutine*> parked{nullptr};
  std::atomic<bool> gone{false};
  gort::go([&] {
    {
      Section section;
      parked = section.goroutine();
      section.park(gort::WaitReason::sleep);
    }
    gone = true;
  });
  while (parked == nullptr || parked.load()->saving.load() != 0 ||
         parked.load()->status.load() != Status::waiting) {
    gort::yield();
  }
  Goroutine* const goroutine = parked;
  const SavedFrame frame = saved_frame(goroutine->sp);
  CHECK(frame.pc != nullptr);
  CHECK(static_cast<char*>(frame.sp) > goroutine->stack.low);
  CHECK(static_cast<char*>(frame.sp) < goroutine->stack.top);
  {
    Section section;
    section.ready(goroutine);
  }
  while (!gone) gort::yield();
}

TEST_CASE("a wake-up that comes before the park is not lost") {  // [G2]
  for (int i = 0; i < 1'000; ++i) {
    Section section;
    section.ready(section.goroutine());
    section.park(gort::WaitReason::sleep);
  }
}
