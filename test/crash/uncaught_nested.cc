// What an exception carries inside follows it, a line each.
//
// expect-exit: 2
// expect-stderr: panic: the report could not be written
// expect-stderr: panic: the disk is full
// expect-stderr: panic: 28
// expect-stderr: goroutine 1 [running]:
#include <exception>
#include <stdexcept>

#include <gort/gort.hpp>

void fill() {
  try {
    throw 28;
  } catch (...) {
    std::throw_with_nested(std::runtime_error("the disk is full"));
  }
}

int main() {
  return gort::run([] {
    try {
      fill();
    } catch (...) {
      std::throw_with_nested(std::logic_error("the report could not be written"));
    }
  });
}
