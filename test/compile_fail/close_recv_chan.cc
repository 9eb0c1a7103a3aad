// Closing is the senders' right: a receive-only view has no close.
//
// Compiled twice: without GORT_BAD_LINE it must compile, with it not.
#include <gort/chan.hpp>

void use(const gort::chan<int>& c) {
  const gort::recv_chan<int> view = c;
  c.close();
#ifdef GORT_BAD_LINE
  view.close();
#endif
}
