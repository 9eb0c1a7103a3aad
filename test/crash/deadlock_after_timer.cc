// A pending after_func could still wake somebody: the deadlock is reported only after it has run.
//
// expect-exit: 2
// expect-stdout: the timer ran
// expect-stderr: fatal error: all goroutines are asleep - deadlock!
#include <chrono>
#include <cstdio>

#include <gort/gort.hpp>

int main() {
  return gort::run([] {
    using namespace std::chrono_literals;
    auto timer = gort::after_func(300ms, [] {
      std::puts("the timer ran");
      std::fflush(stdout);
    });
    gort::make<gort::chan<int>>().recv();
  });
}
