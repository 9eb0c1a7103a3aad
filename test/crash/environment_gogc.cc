// GOGC="fast" is an error: nothing runs, and the message names the variable.
//
// env: GOGC=fast
// expect-exit: 2
// expect-stderr: gort: GOGC="fast": want a percentage, or off
// expect-not: it ran
#include <cstdio>

#include <gort/gort.hpp>

int main() {
  return gort::run([] { std::puts("it ran"); });
}
