// With GOTRACEBACK=all a panic shows the other goroutines, too.
//
// env: GOTRACEBACK=all
// expect-exit: 2
// expect-stderr: panic: everything is wrong
// expect-stderr: [running]:
// expect-stderr: goroutine 1 [chan receive]:
#include <gort/gort.hpp>

int main() {
  return gort::run([] {
    auto never = gort::make<gort::chan<int>>();
    gort::go([] {
      gort::yield();
      gort::panic("everything is wrong");
    });
    never.recv();
  });
}
