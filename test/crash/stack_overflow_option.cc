// A goroutine with a stack limit of its own.
//
// expect-exit: 2
// expect-stderr: runtime: goroutine stack exceeds 65536-byte limit
// expect-stderr: fatal error: stack overflow
// expect-stderr: "shallow" [running]:
// expect-stderr: descend(int)
// expect-stderr: created by main
// not-under: tsan
#include <gort/gort.hpp>

[[gnu::noinline]] int descend(int depth) {
  volatile char frame[1000];
  frame[0] = static_cast<char>(depth);
  return depth < 0 ? 0 : descend(depth + 1) + frame[0];
}

int main() {
  return gort::run([] {
    gort::go(gort::goroutine_options{.name = "shallow", .stack_limit = 65536}, [] { descend(0); });
    gort::make<gort::chan<int>>().recv();
  });
}
