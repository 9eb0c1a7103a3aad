// On a thread that is no goroutine an uncaught exception ends the process as it does without gort.
//
// expect-signal: ABRT
// expect-stderr: terminate called after throwing an instance of 'std::runtime_error'
// expect-stderr: from a plain thread
// expect-not: panic:
#include <sys/resource.h>

#include <stdexcept>
#include <thread>

#include <gort/gort.hpp>

int main() {
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  return gort::run(
      [] { std::thread([] { throw std::runtime_error("from a plain thread"); }).join(); });
}
