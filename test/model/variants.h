// The protocols that the model judges: the chosen one, other sound ones, and those known to be
// broken.
//
// A model that finds nothing may be looking at nothing. So every rule of the protocol is left out
// once, under a name, and the test insists that the model catches it; what the tests of the library
// are to notice as planted bugs is the same list. Not here: what a rule means (protocol.h).
#pragma once

#include <vector>

#include "test/model/protocol.h"

namespace model {

struct Variant {
  Protocol protocol;
  Shape shape;
  bool sound;
};

// `size` 0: what every test run affords. 1, 2: the chosen one alone, in larger shapes.
std::vector<Variant> variants(int size);

}  // namespace model
