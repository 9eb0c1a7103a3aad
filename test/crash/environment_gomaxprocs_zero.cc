// GOMAXPROCS="0" is an error: nothing runs, and the message names the variable.
//
// env: GOMAXPROCS=0
// expect-exit: 2
// expect-stderr: gort: GOMAXPROCS="0": want a positive integer
// expect-not: it ran
#include <cstdio>

#include <gort/gort.hpp>

int main() {
  return gort::run([] { std::puts("it ran"); });
}
