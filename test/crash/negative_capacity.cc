// A channel of negative capacity, and nobody catches it.
//
// expect-exit: 2
// expect-stderr: panic: makechan: size out of range
// expect-stderr: goroutine 1 [running]:
// expect-stderr: negative_capacity.cc:13
#include <gort/gort.hpp>

int main() {
  return gort::run([] {
    volatile int capacity = -1;
    // What follows is the line that the report names.
    gort::make<gort::chan<int>>(capacity).close();
  });
}
