// go with a null function is fatal, and not only when the goroutine runs.
//
// expect-exit: 2
// expect-stderr: fatal error: go of nil func value
// expect-stderr: goroutine 1 [running]:
// expect-not: recovered
#include <cstdio>
#include <exception>

#include <gort/gort.hpp>

int main() {
  return gort::run([] {
    void (*volatile nothing)() = nullptr;
    try {
      gort::go(static_cast<void (*)()>(nothing));
    } catch (const std::exception&) {
      std::puts("recovered");
    }
  });
}
