// What the program prints at the end, from the same numbers in both modes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "totals.h"
#include "word_counts.h"

namespace textindex {

struct ranked_word {
  std::string word;
  std::uint64_t count;
};

struct ranking {
  std::vector<ranked_word> top;  // most frequent first, equally frequent ones by name
  std::uint64_t identifiers = 0;
  std::uint64_t different = 0;
};

// The `n` most frequent words that are no keywords of C or C++.
ranking rank(const word_counts& counts, int n);

// Writes the answer to standard output. False if that failed, with errno set.
bool print_answer(const ranking& answer, const totals& sums);

}  // namespace textindex
