// GOMEMLIMIT="99999999TiB" is an error: nothing runs, and the message names the variable.
//
// env: GOMEMLIMIT=99999999TiB
// expect-exit: 2
// expect-stderr: gort: GOMEMLIMIT="99999999TiB": want a number of bytes with an optional unit
// expect-not: it ran
#include <cstdio>

#include <gort/gort.hpp>

int main() {
  return gort::run([] { std::puts("it ran"); });
}
