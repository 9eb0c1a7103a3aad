// With GOTRACEBACK=none the message is all there is.
//
// env: GOTRACEBACK=none
// expect-exit: 2
// expect-stderr: panic: everything is wrong
// expect-not: goroutine
#include <gort/gort.hpp>

int main() {
  return gort::run([] { gort::panic("everything is wrong"); });
}
