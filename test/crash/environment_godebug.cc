// GODEBUG="schedtrace" is an error: nothing runs, and the message names the variable.
//
// env: GODEBUG=schedtrace
// expect-exit: 2
// expect-stderr: gort: GODEBUG="schedtrace": want name=value settings, separated by commas
// expect-not: it ran
#include <cstdio>

#include <gort/gort.hpp>

int main() {
  return gort::run([] { std::puts("it ran"); });
}
