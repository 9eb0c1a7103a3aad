// A panic in a goroutine that was given a name ends the process; other goroutines are not shown.
//
// expect-exit: 2
// expect-stderr: panic: everything is wrong
// expect-stderr: "worker" [running]:
// expect-stderr: created by main
// expect-stderr: in goroutine 1
// expect-not: [chan receive]
#include <gort/gort.hpp>

int main() {
  return gort::run([] {
    gort::go(gort::goroutine_options{.name = "worker"}, [] { gort::panic("everything is wrong"); });
    gort::make<gort::chan<int>>().recv();
  });
}
