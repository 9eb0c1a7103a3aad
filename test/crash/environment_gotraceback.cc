// GOTRACEBACK="loud" is an error: nothing runs, and the message names the variable.
//
// env: GOTRACEBACK=loud
// expect-exit: 2
// expect-stderr: gort: GOTRACEBACK="loud": want none, single, all, system, crash, 0, 1 or 2
// expect-not: it ran
#include <cstdio>

#include <gort/gort.hpp>

int main() {
  return gort::run([] { std::puts("it ran"); });
}
