// A send on a closed channel, and nobody catches it.
//
// expect-exit: 2
// expect-stderr: panic: send on closed channel
// expect-stderr: goroutine 1 [running]:
// expect-stderr: send_closed.cc:
#include <gort/gort.hpp>

int main() {
  return gort::run([] {
    auto c = gort::make<gort::chan<int>>(1);
    c.close();
    c.send(1);
  });
}
