// SIGQUIT shows all goroutines, also those that are running, and why the others wait. (The race
// detector keeps signals back until a thread makes a call that it knows; none here does.)
//
// signal-after-ms: 0 QUIT
// not-under: tsan
// expect-exit: 2
// expect-stderr: SIGQUIT: quit
// expect-stderr: PC=0x
// expect-stderr: sigcode=0
// expect-stderr: goroutine 1 [chan receive]:
// expect-stderr: sigquit.cc:
// expect-stderr: "hog" [running]:
// expect-stderr: compute()
// expect-stderr: created by main
// expect-stderr: "sleeper" [sleep]:
#include <atomic>
#include <chrono>
#include <cstdio>
#include <sstream>
#include <string>

#include <gort/gort.hpp>

std::atomic<int> counter{0};

[[gnu::noinline]] void compute() {
  for (;;) counter.fetch_add(1, std::memory_order_relaxed);
}

// Prints the line that run.py waits for once everybody is where the report is to show them.
void tell_when_ready() {
  for (;;) {
    std::ostringstream dump;
    gort::dump_goroutines(dump);
    const auto shown = [text = dump.str()](const char* part) {
      return text.find(part) != std::string::npos;
    };
    if (counter.load() > 0 && shown("goroutine 1 [chan receive]") && shown("\"sleeper\" [sleep]")) {
      break;
    }
    gort::sleep(std::chrono::milliseconds(1));
  }
  std::puts("ready");
  std::fflush(stdout);
}

int main() {
  return gort::run([] {
    gort::go(gort::goroutine_options{.name = "hog"}, [] { compute(); });
    gort::go(gort::goroutine_options{.name = "sleeper"},
             [] { gort::sleep(std::chrono::hours(1)); });
    gort::go(tell_when_ready);
    gort::make<gort::chan<int>>().recv();
  });
}
