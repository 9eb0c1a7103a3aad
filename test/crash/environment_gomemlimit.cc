// GOMEMLIMIT="12 GB" is an error: nothing runs, and the message names the variable.
//
// env: GOMEMLIMIT=12 GB
// expect-exit: 2
// expect-stderr: gort: GOMEMLIMIT="12 GB": want a number of bytes with an optional unit
// expect-not: it ran
#include <cstdio>

#include <gort/gort.hpp>

int main() {
  return gort::run([] { std::puts("it ran"); });
}
