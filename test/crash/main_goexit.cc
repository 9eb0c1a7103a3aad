// The main goroutine ends by goexit and so do the others: run can never return.
//
// expect-exit: 2
// expect-stdout: the other one went on
// expect-stderr: fatal error: no goroutines (main called runtime.Goexit) - deadlock!
#include <cstdio>

#include <gort/gort.hpp>

int main() {
  return gort::run([] {
    gort::go([] {
      gort::yield();
      std::puts("the other one went on");
      std::fflush(stdout);
    });
    gort::goexit();
  });
}
