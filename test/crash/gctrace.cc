// GODEBUG=gctrace=1: Go's line for each collection, on stderr.
//
// expect-exit: 0
// expect-stderr: gc 1 @
// expect-stderr: ms clock,
// expect-stderr: MB goal,
// expect-stderr: P (forced)
// env: GODEBUG=gctrace=1
#include <gort/gort.hpp>

int main() {
  gort::run([] {
    gort::gc();
    gort::gc();
  });
}
