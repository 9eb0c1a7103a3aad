// GOGC="-5" is an error: nothing runs, and the message names the variable.
//
// env: GOGC=-5
// expect-exit: 2
// expect-stderr: gort: GOGC="-5": want a percentage, or off
// expect-not: it ran
#include <cstdio>

#include <gort/gort.hpp>

int main() {
  return gort::run([] { std::puts("it ran"); });
}
