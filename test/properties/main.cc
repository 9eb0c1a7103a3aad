// main() of the property tests: doctest inside the main goroutine, on one thread.
//
// rapidcheck keeps what it knows of the running property per thread, and an allocation may park its
// goroutine, which may come back on another: so the goroutine keeps its thread. RC_PARAMS gives
// rapidcheck parameters, such as the seed of a failure that it has printed.

#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <gort/runtime.hpp>

int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  return gort::run([&] {
    gort::lock_os_thread();
    const int status = context.run();
    gort::unlock_os_thread();
    return status;
  });
}
