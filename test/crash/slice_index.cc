// An index out of range that nobody catches.
//
// expect-exit: 2
// expect-stderr: panic:
// expect-stderr: index out of range [5] with length 3
// expect-stderr: goroutine 1 [running]:
#include <gort/gort.hpp>

int main() {
  return gort::run([] {
    auto three = gort::make<gort::slice<int>>(3);
    volatile int i = 5;
    three[static_cast<std::size_t>(i)] = 1;
  });
}
