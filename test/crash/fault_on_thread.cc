// A fault of a thread that is no goroutine ends the process as it does without gort.
//
// expect-signal: SEGV
// expect-not: goroutine
// not-under: asan tsan ubsan qemu
#include <sys/resource.h>

#include <thread>

#include <gort/gort.hpp>

int main() {
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  return gort::run([] {
    std::thread([] {
      volatile int* volatile nothing = nullptr;
      *nothing = 1;
    }).join();
  });
}
