// An exception in a task that was dropped before has nobody to go to.
// expect-exit: 2
// expect-stderr: panic: nobody asks
// expect-stderr: goroutine
// expect-stderr: [running]:
// expect-not: survived
#include <gort/gort.hpp>

#include <chrono>
#include <cstdio>
#include <stdexcept>

int main() {
  return gort::run([] {
    {
      auto task = gort::spawn([] {
        gort::sleep(std::chrono::milliseconds(2));
        throw std::runtime_error("nobody asks");
      });
    }
    gort::sleep(std::chrono::seconds(2));
    std::puts("survived");
  });
}
