// The two ways to do the same work. Each reads everything that `wanted` names, adds to `sums` as it
// goes (the progress line watches) and answers from an index of all words; interrupted, of those up
// to there. Failures to read are complained about and counted in `sums.failed`.
#pragma once

#include <cstdint>

#include "answer.h"
#include "options.h"
#include "totals.h"

namespace textindex {

// In the calling thread alone. (serial.cc)
answer index_serially(const options& wanted, totals& sums);

struct run_numbers {
  int goroutines = 0;
  int most_goroutines = 0;  // that lived at one time
  std::uint64_t collections = 0;
  std::uint64_t longest_pause_ns = 0;
  std::uint64_t heap_bytes = 0;  // of objects, after a last collection: the index
};

// With goroutines joined by channels; called from a goroutine. (pipeline.cc)
answer index_concurrently(const options& wanted, totals& sums, run_numbers& numbers);

}  // namespace textindex
