// A mutex that is locked twice by the same goroutine never opens.
//
// expect-exit: 2
// expect-stderr: fatal error: all goroutines are asleep - deadlock!
// expect-stderr: goroutine 1 [sync.Mutex.Lock]:
#include <gort/gort.hpp>

int main() {
  return gort::run([] {
    gort::mutex mutex;
    mutex.lock();
    mutex.lock();
  });
}
