// A wait_group that is done more often than it was added to is fatal.
// expect-exit: 2
// expect-stderr: fatal error: sync: negative WaitGroup counter
// expect-not: caught
#include <gort/gort.hpp>

#include <cstdio>

int main() {
  return gort::run([] {
    gort::wait_group group;
    group.add(1);
    group.done();
    try {
      group.done();
    } catch (...) {
      std::puts("caught");
    }
  });
}
