// A wait_group that nobody brings to zero.
//
// expect-exit: 2
// expect-stderr: fatal error: all goroutines are asleep - deadlock!
// expect-stderr: goroutine 1 [sync.WaitGroup.Wait]:
#include <gort/gort.hpp>

int main() {
  return gort::run([] {
    gort::wait_group group;
    group.add(1);
    group.wait();
  });
}
