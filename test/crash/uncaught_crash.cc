// With GOTRACEBACK=crash the process dies by SIGABRT, so that there can be a core.
//
// env: GOTRACEBACK=crash
// expect-signal: ABRT
// expect-stderr: panic: everything is wrong
// expect-stderr: goroutine 1 [running]:
#include <sys/resource.h>

#include <gort/gort.hpp>

int main() {
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  return gort::run([] { gort::panic("everything is wrong"); });
}
