// GODEBUG="gctrace=1,schedtrace=often" is an error: nothing runs, and the message names the
// variable.
//
// env: GODEBUG=gctrace=1,schedtrace=often
// expect-exit: 2
// expect-stderr: gort: GODEBUG="gctrace=1,schedtrace=often": want schedtrace=MILLISECONDS
// expect-not: it ran
#include <cstdio>

#include <gort/gort.hpp>

int main() {
  return gort::run([] { std::puts("it ran"); });
}
