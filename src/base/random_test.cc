// Tests of the random numbers: repeatable, within bounds, and even.
//
// Evenness is tested with seeds that are fixed, so a test passes always or never. Bounds:
// chi-squared of 1000 degrees of freedom is below 1143 with a probability of 0.999. Not here:
// select's use of them (sync/).
#include "base/random.h"

#include <doctest/doctest.h>

#include <set>
#include <vector>

using gort::base::Random;

TEST_CASE("a seed repeats its numbers and another seed has others") {
  Random one(7), same(7), other(9);
  int differ = 0;
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t number = one.next();
    CHECK(number == same.next());
    differ += number != other.next();
  }
  CHECK(differ == 100);
}

TEST_CASE("a seed of zero works: the state is never zero") {
  Random random(0);
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1'000; ++i) seen.insert(random.next());
  CHECK(seen.size() == 1'000);
}

TEST_CASE("below() stays below its bound and is even") {
  for (const std::uint64_t seed : {1u, 2u, 77u}) {
    Random random(seed);
    constexpr std::uint32_t kBound = 1'001;
    constexpr int kExpected = 200;
    std::vector<int> hits(kBound);
    for (std::uint32_t i = 0; i < kBound * kExpected; ++i) {
      const std::uint32_t number = random.below(kBound);
      CHECK_MESSAGE(number < kBound, "out of bounds");
      ++hits[number];
    }
    double chi_squared = 0;
    for (const int hit : hits) {
      chi_squared += (hit - kExpected) * (hit - kExpected) / static_cast<double>(kExpected);
    }
    CHECK(chi_squared < 1'143);
    CHECK(chi_squared > 860);  // too even is not random either
  }
}

TEST_CASE("below(1) is zero and large bounds are reached to both ends") {
  Random random(3);
  std::uint32_t least = UINT32_MAX, most = 0;
  for (int i = 0; i < 10'000; ++i) {
    CHECK(random.below(1) == 0);
    const std::uint32_t number = random.below(UINT32_MAX);
    if (number < least) least = number;
    if (number > most) most = number;
  }
  CHECK(least < UINT32_MAX / 1'000);
  CHECK(most > UINT32_MAX - UINT32_MAX / 1'000);
}

TEST_CASE("pairs of consecutive numbers are even too") {
  Random random(5);
  constexpr int kSide = 16, kExpected = 100;
  int hits[kSide][kSide] = {};
  for (int i = 0; i < kSide * kSide * kExpected; ++i) {
    const std::uint32_t first = random.below(kSide);
    ++hits[first][random.below(kSide)];
  }
  double chi_squared = 0;
  for (const auto& row : hits) {
    for (const int hit : row) {
      chi_squared += (hit - kExpected) * (hit - kExpected) / static_cast<double>(kExpected);
    }
  }
  CHECK(chi_squared < 330);  // 255 degrees of freedom, 0.999
}
