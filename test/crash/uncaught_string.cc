// So does a string literal, which is thrown as a pointer.
//
// expect-exit: 2
// expect-stderr: panic: a mere pointer
// expect-stderr: goroutine 1 [running]:
#include <gort/gort.hpp>

int main() {
  return gort::run([] { throw "a mere pointer"; });
}
