// An exception whose what() itself crashes still leads to a report.
//
// expect-exit: 2
// expect-stderr: panic: (an exception whose text could not be had)
// expect-stderr: goroutine 1 [running]:
// not-under: asan ubsan
#include <exception>

#include <gort/gort.hpp>

struct Broken : std::exception {
  const char* what() const noexcept override {
    return *static_cast<const char* const volatile*>(nullptr);
  }
};

int main() {
  return gort::run([] { throw Broken(); });
}
