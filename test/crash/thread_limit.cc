// More goroutines locked to their threads than there may be threads.
//
// expect-exit: 2
// expect-stderr: runtime: program exceeds 10-thread limit
// expect-stderr: fatal error: thread exhaustion
#include <gort/gort.hpp>

int main() {
  return gort::run([] {
    gort::set_max_threads(10);
    auto never = gort::make<gort::chan<int>>();
    for (int i = 0; i < 100; ++i) {
      gort::go([=] {
        gort::lock_os_thread();
        never.recv();
      });
    }
    never.recv();
  });
}
