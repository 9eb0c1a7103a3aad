// Unlocking a mutex that is not locked is fatal; nothing catches it.
// expect-exit: 2
// expect-stderr: fatal error: sync: unlock of unlocked mutex
// expect-stderr: goroutine 1 [running]:
// expect-not: caught
#include <gort/gort.hpp>

#include <cstdio>

int main() {
  return gort::run([] {
    gort::mutex m;
    m.lock();
    m.unlock();
    try {
      m.unlock();
    } catch (...) {
      std::puts("caught");
    }
  });
}
