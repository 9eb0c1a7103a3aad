// The two ways to do the same work. Each reads everything that `wanted` names, adds to `sums` as it
// goes (the progress line watches) and returns the counts of all words; interrupted, the counts up
// to there. Failures to read are complained about and counted in `sums.failed`.
#pragma once

#include "options.h"
#include "totals.h"
#include "word_counts.h"

namespace textindex {

// In the calling thread alone. (serial.cc)
word_counts index_serially(const options& wanted, totals& sums);

struct goroutine_numbers {
  int started = 0;
  int peak = 0;  // the most that lived at one time
};

// With goroutines joined by channels; called from a goroutine. (pipeline.cc)
word_counts index_concurrently(const options& wanted, totals& sums, goroutine_numbers& numbers);

}  // namespace textindex
