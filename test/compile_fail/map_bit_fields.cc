// A key with bit fields has no hash: all would have the same.
//
// expect-error: bit fields
//
// Compiled twice: without GORT_BAD_LINE it must compile, with it not.
#include <gort/map.hpp>

struct Good {
  int a, b;
  bool operator==(const Good&) const = default;
};
struct Bad {
  int a : 3, b : 4;
  bool operator==(const Bad&) const = default;
};
int count(gort::map<Good, int> m) { return m[Good{1, 2}]; }

#ifdef GORT_BAD_LINE
int count(gort::map<Bad, int> m) { return m[Bad{1, 2}]; }
#endif
