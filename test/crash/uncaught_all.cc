// With GOTRACEBACK=all a panic shows the other goroutines, too.
//
// env: GOTRACEBACK=all
// expect-exit: 2
// expect-stderr: panic: everything is wrong
// expect-stderr: [running]:
// expect-stderr: goroutine 1 [chan receive]:
#include <sstream>

#include <gort/gort.hpp>

void wait_for_main_to_wait() {
  for (;;) {
    std::ostringstream dump;
    gort::dump_goroutines(dump);
    if (dump.str().find("goroutine 1 [chan receive]") != std::string::npos) return;
    gort::yield();
  }
}

int main() {
  return gort::run([] {
    auto never = gort::make<gort::chan<int>>();
    gort::go([] {
      wait_for_main_to_wait();
      gort::panic("everything is wrong");
    });
    never.recv();
  });
}
