// A select respects the direction of a channel as the channel's own operations do.
//
// Compiled twice: without GORT_BAD_LINE it must compile, with it not.
#include <gort/select.hpp>

int use(const gort::recv_chan<int>& in, const gort::send_chan<int>& out) {
#ifdef GORT_BAD_LINE
  return gort::select(gort::on_send(in, 1), gort::on_recv(out));
#else
  return gort::select(gort::on_send(out, 1), gort::on_recv(in));
#endif
}
