// Floating-point numbers have Go's own format.
//
// expect-exit: 2
// expect-stderr: panic: +1.500000e+000
#include <gort/gort.hpp>

int main() {
  return gort::run([] { throw 1.5; });
}
