// Two goroutines wait for each other and the main one for both; each is shown with its stack and
// creator.
//
// expect-exit: 2
// expect-stderr: fatal error: all goroutines are asleep - deadlock!
// expect-stderr: goroutine 1 [chan receive]:
// expect-stderr: [chan send]:
// expect-stderr: give_forever(gort::chan<int>
// expect-stderr: deadlock_pair.cc:
// expect-stderr: created by main
// expect-stderr: in goroutine 1
// expect-stderr: [chan receive]:
// expect-stderr: take_forever(gort::chan<int>
// expect-stderr: created by main
#include <gort/gort.hpp>

[[gnu::noinline]] void give_forever(gort::chan<int> to, gort::chan<int> acknowledged) {
  to.send(1);
  acknowledged.recv();
}

[[gnu::noinline]] void take_forever(gort::chan<int> from) {
  from.recv();
  from.recv();
}

int main() {
  return gort::run([] {
    auto never_read = gort::make<gort::chan<int>>();
    auto never_written = gort::make<gort::chan<int>>();
    gort::go(give_forever, never_read, never_written);
    gort::go(take_forever, never_written);
    never_written.recv();
  });
}
