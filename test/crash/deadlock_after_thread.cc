// A thread that gort knows nothing of could still call in: the deadlock is reported once it is
// gone.
//
// expect-exit: 2
// expect-stdout: the thread has ended
// expect-stderr: fatal error: all goroutines are asleep - deadlock!
#include <chrono>
#include <cstdio>
#include <thread>

#include <gort/gort.hpp>

int main() {
  return gort::run([] {
    using namespace std::chrono_literals;
    std::thread([] {
      std::this_thread::sleep_for(300ms);
      std::puts("the thread has ended");
      std::fflush(stdout);
    }).detach();
    gort::make<gort::chan<int>>().recv();
  });
}
