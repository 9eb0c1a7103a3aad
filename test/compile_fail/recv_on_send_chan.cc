// A channel that can only be sent to has no recv.
//
// Compiled twice: without GORT_BAD_LINE it must compile, with it not.
#include <gort/chan.hpp>

void use(const gort::send_chan<int>& c) {
  c.send(1);
#ifdef GORT_BAD_LINE
  (void)c.recv();
#endif
}
