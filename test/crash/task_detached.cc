// An exception in a task that was dropped before has nobody to go to.
// expect-exit: 2
// expect-stderr: panic: nobody asks
// expect-stderr: goroutine
// expect-stderr: [running]:
// expect-not: deadlock
#include <gort/gort.hpp>

#include <stdexcept>

int main() {
  return gort::run([] {
    auto dropped = gort::make<gort::chan<int>>();
    {
      auto task = gort::spawn([=] {
        dropped.recv();
        throw std::runtime_error("nobody asks");
      });
    }
    dropped.send(1);
    gort::make<gort::chan<int>>().recv();
  });
}
