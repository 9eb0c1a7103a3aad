// A view does not convert back to the channel with both directions.
//
// Compiled twice: without GORT_BAD_LINE it must compile, with it not.
#include <gort/chan.hpp>

gort::recv_chan<int> narrow(const gort::chan<int>& c) { return c; }

#ifdef GORT_BAD_LINE
gort::chan<int> widen(const gort::recv_chan<int>& c) { return c; }
#endif
