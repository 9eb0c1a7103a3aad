// The search: every state that a protocol can reach, nearest first, until an object is lost.
//
// Breadth first, so the trace to a fault is a shortest one, which is what makes it readable. Runs
// forth through any number of cycles: states repeat, and the search ends when none is new. Not
// here: what a step is (protocol.h).
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "test/model/protocol.h"

namespace model {

struct Verdict {
  bool lost = false;
  bool complete = false;  // every reachable state was seen; false also when `limit` was met
  std::size_t states = 0;
  std::array<std::size_t, std::size_t(Action::count)> taken{};  // how often each action was
  std::vector<std::string> trace;                               // of the loss: a line per step
};

Verdict explore(const Protocol& protocol, const Shape& shape, std::size_t limit);

}  // namespace model
