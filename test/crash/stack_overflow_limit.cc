// set_max_stack holds for the goroutine that calls it, too; frames of 64 KiB do not jump over the
// guard.
//
// expect-exit: 2
// expect-stderr: runtime: goroutine stack exceeds 1474560-byte limit
// expect-stderr: sp=
// expect-stderr: stack=[
// expect-stderr: fatal error: stack overflow
// expect-stderr: goroutine 1 [running]:
// expect-stderr: descend(int)
// not-under: tsan
#include <gort/gort.hpp>

// Touched from its low end on, so that the frame alone cannot hide the overflow from the guard.
[[gnu::noinline]] int descend(int depth) {
  volatile char frame[60000];
  for (int i = 59999; i >= 0; i -= 1000) frame[i] = static_cast<char>(depth);
  return depth < 0 ? 0 : descend(depth + 1) + frame[0];
}

int main() {
  return gort::run([] {
    gort::set_max_stack(1474560);
    return descend(0);
  });
}
