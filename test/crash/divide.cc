// Division by zero, which x86-64 traps; aarch64, which the qemu build is for, has a result for it.
//
// expect-exit: 2
// expect-stderr: panic: runtime error: integer divide by zero
// expect-stderr: [signal SIGFPE: floating-point exception code=0x1 addr=0x
// expect-stderr: goroutine 1 [running]:
// not-under: asan tsan ubsan qemu
#include <cstdio>

#include <gort/gort.hpp>

int main() {
  return gort::run([] {
    volatile int zero = 0;
    std::printf("%d\n", 7 / zero);
  });
}
