// SIGQUIT shows all goroutines, also those that are running, and why the others wait. (The race
// detector keeps signals back until a thread makes a call that it knows; none here does.)
//
// signal-after-ms: 300 QUIT
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

#include <gort/gort.hpp>

std::atomic<int> counter{0};

[[gnu::noinline]] void compute() {
  for (;;) counter.fetch_add(1, std::memory_order_relaxed);
}

int main() {
  return gort::run([] {
    gort::go(gort::goroutine_options{.name = "hog"}, [] { compute(); });
    gort::go(gort::goroutine_options{.name = "sleeper"},
             [] { gort::sleep(std::chrono::hours(1)); });
    gort::sleep(std::chrono::milliseconds(50));
    std::puts("ready");
    std::fflush(stdout);
    gort::make<gort::chan<int>>().recv();
  });
}
