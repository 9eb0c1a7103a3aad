// std::terminate without an exception, here from the destructor of a thread that was not joined.
//
// expect-exit: 2
// expect-stderr: fatal error: terminate called without an exception
// expect-stderr: goroutine 1 [running]:
// expect-stderr: terminate.cc:
#include <chrono>
#include <thread>

#include <gort/gort.hpp>

int main() {
  return gort::run(
      [] { std::thread forgotten([] { std::this_thread::sleep_for(std::chrono::hours(1)); }); });
}
