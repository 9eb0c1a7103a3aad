// main() of every test program above src/base: doctest inside the main goroutine.
//
// A test may therefore park, and what it calls sees a goroutine around it, as a user's code does.
// doctest's own signal handlers are compiled out, here and in every test (test/CMakeLists.txt): it
// would put its SIGSEGV handler in place of the one that grows goroutine stacks.
// Not here: programs that may not depend on the scheduler -> main_plain.cc.

#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <gort/runtime.hpp>

int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  return gort::run([&] { return context.run(); });
}
