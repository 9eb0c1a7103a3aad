// GOMAXPROCS="abc" is an error: nothing runs, and the message names the variable.
//
// env: GOMAXPROCS=abc
// expect-exit: 2
// expect-stderr: gort: GOMAXPROCS="abc": want a positive integer
// expect-not: it ran
#include <cstdio>

#include <gort/gort.hpp>

int main() {
  return gort::run([] { std::puts("it ran"); });
}
