// A program that handles SIGQUIT itself, from before it first used gort, keeps doing so.
//
// signal-after-ms: 0 QUIT
// not-under: tsan
// expect-exit: 5
// expect-not: goroutine
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

#include <gort/gort.hpp>

int main() {
  signal(SIGQUIT, [](int) { _exit(5); });
  return gort::run([] {
    std::puts("ready");
    std::fflush(stdout);
    gort::sleep(std::chrono::hours(1));
  });
}
