// What the program prints at the end, from the same numbers in both modes.
#pragma once

#include "answer.h"
#include "totals.h"

namespace textindex {

// Writes the answer to standard output. False if that failed, with errno set.
bool print_answer(const answer& answer, const totals& sums);

}  // namespace textindex
