// A SIGSEGV handler that was there before gort still gets a goroutine's faults.
//
// expect-exit: 7
// expect-stdout: the earlier handler
// not-under: asan tsan ubsan
#include <signal.h>
#include <unistd.h>

#include <gort/gort.hpp>

int main() {
  signal(SIGSEGV, [](int) {
    static const char text[] = "the earlier handler\n";
    if (write(STDOUT_FILENO, text, sizeof text - 1) < 0) _exit(1);
    _exit(7);
  });
  return gort::run([] {
    volatile int* volatile nothing = nullptr;
    *nothing = 1;
  });
}
