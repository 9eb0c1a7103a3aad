// A deadlock is noticed when the main goroutine is locked to its thread, too, and the report says
// that it is.
//
// expect-exit: 2
// expect-stderr: fatal error: all goroutines are asleep - deadlock!
// expect-stderr: goroutine 1 [chan receive, locked to thread]:
#include <gort/gort.hpp>

int main() {
  return gort::run([] {
    gort::lock_os_thread();
    gort::make<gort::chan<int>>().recv();
  });
}
