// The heap aligns to a page of 8192 bytes at most: elements that want more are refused.
//
// expect-error: aligned to more than a page
//
// Compiled twice: without GORT_BAD_LINE it must compile, with it not.
#include <gort/map.hpp>

struct alignas(8192) Page {
  char bytes[8192];
};
struct alignas(16384) TwoPages {
  char bytes[16384];
};
auto pages() { return gort::map<int, Page>{{1, {}}}; }

#ifdef GORT_BAD_LINE
auto more() { return gort::map<int, TwoPages>{{1, {}}}; }
#endif
