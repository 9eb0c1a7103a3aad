// An exception of the standard library leaves the main goroutine: its what(), and the stack it was
// thrown from.
//
// expect-exit: 2
// expect-stderr: panic: the disk is on fire
// expect-stderr: goroutine 1 [running]:
// expect-stderr: burn(int)
// expect-stderr: uncaught_exception.cc:15
// expect-not: std::terminate
#include <stdexcept>

#include <gort/gort.hpp>

[[gnu::noinline]] void burn(int degrees) {
  if (degrees > 100) throw std::runtime_error("the disk is on fire");
}

int main() {
  return gort::run([] { burn(451); });
}
