// And a bool.
//
// expect-exit: 2
// expect-stderr: panic: true
#include <gort/gort.hpp>

int main() {
  return gort::run([] { throw true; });
}
