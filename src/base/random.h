// A small fast random number generator: select's choice, steal order, hash seeds.
//
// xorshift64* has a period of 2^64-1 and passes what a scheduler needs in three shifts and a
// multiply; it is no source of secrets. One generator per processor, so no sharing; owner only.
#pragma once

#include <cstdint>

namespace gort::base {

class Random {
 public:
  explicit Random(std::uint64_t seed = 0x9e3779b97f4a7c15) : state_(seed | 1) {}

  std::uint64_t next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545f4914f6cdd1d;
  }
  // Uniform in [0, bound), by multiplication: the bias is below 2^-32 times the bound.
  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(((next() >> 32) * bound) >> 32);
  }

 private:
  std::uint64_t state_;
};

}  // namespace gort::base
