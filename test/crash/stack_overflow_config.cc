// The limit of run's configuration.
//
// expect-exit: 2
// expect-stderr: runtime: goroutine stack exceeds 1048576-byte limit
// expect-stderr: fatal error: stack overflow
// not-under: tsan
#include <gort/gort.hpp>

[[gnu::noinline]] int descend(int depth) {
  volatile char frame[1000];
  frame[0] = static_cast<char>(depth);
  return depth < 0 ? 0 : descend(depth + 1) + frame[0];
}

int main() {
  return gort::run(gort::config{.stack_limit = 1048576}, [] { return descend(0); });
}
