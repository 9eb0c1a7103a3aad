// A thrown number prints as Go prints one.
//
// expect-exit: 2
// expect-stderr: panic: 42
// expect-stderr: goroutine 1 [running]:
#include <gort/gort.hpp>

int main() {
  return gort::run([] { throw 42; });
}
