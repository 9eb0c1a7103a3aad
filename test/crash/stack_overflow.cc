// Endless recursion reaches the default limit; of the stack both ends are shown.
//
// expect-exit: 2
// expect-stderr: runtime: goroutine stack exceeds
// expect-stderr: -byte limit
// expect-stderr: runtime: sp=0x
// expect-stderr: stack=[0x
// expect-stderr: fatal error: stack overflow
// expect-stderr: goroutine 1 [running]:
// expect-stderr: descend(int)
// expect-stderr: frames elided...
// expect-stderr: descend(int)
// expect-stderr: main
// timeout: 60
// not-under: tsan
#include <gort/gort.hpp>

[[gnu::noinline]] int descend(int depth) {
  volatile char frame[1000];
  frame[0] = static_cast<char>(depth);
  return depth < 0 ? 0 : descend(depth + 1) + frame[0];
}

int main() {
  return gort::run([] { return descend(0); });
}
