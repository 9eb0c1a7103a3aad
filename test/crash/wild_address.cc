// An address that is nobody's is no null pointer: a fault, and fatal.
//
// expect-exit: 2
// expect-stderr: unexpected fault address 0x10000000
// expect-stderr: fatal error: fault
// expect-stderr: [signal SIGSEGV: segmentation violation code=
// expect-stderr: [running]:
// expect-stderr: created by main
// not-under: asan tsan ubsan
#include <cstdint>

#include <gort/gort.hpp>

int main() {
  return gort::run([] {
    gort::go([] {
      volatile std::uintptr_t address = 0x10000000;
      *reinterpret_cast<volatile int*>(address) = 1;
    });
    gort::make<gort::chan<int>>().recv();
  });
}
