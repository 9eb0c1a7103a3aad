// A recursion that no compiler turns into a loop, for stacks.cc and its Boost.Fiber peer.
//
// A frame is 32 bytes (return address, one saved register, two words of locals), as in the Go twin.

#pragma once

#include <cstdint>

namespace bench {

[[gnu::noinline]] inline std::uint64_t recurse(std::uint64_t depth) {
  std::uint64_t locals[2];
  asm volatile("" : : "r"(locals) : "memory");
  if (depth == 0) return 1;
  return recurse(depth - 1) * 31 + depth;
}

}  // namespace bench
