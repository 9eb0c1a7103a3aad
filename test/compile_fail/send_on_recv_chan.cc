// A channel that can only be received from has no send.
//
// Compiled twice: without GORT_BAD_LINE it must compile, with it not.
#include <gort/chan.hpp>

void use(const gort::recv_chan<int>& c) {
  (void)c.recv();
#ifdef GORT_BAD_LINE
  c.send(1);
#endif
}
