// Elements are values: a channel of references is refused.
//
// Compiled twice: without GORT_BAD_LINE it must compile, with it not.
#include <gort/chan.hpp>

gort::chan<int> values() { return {}; }

#ifdef GORT_BAD_LINE
gort::chan<int&> references() { return {}; }
#endif
