// A map that two goroutines write at once: noticed, and the end, as in Go.
//
// expect-exit: 2
// expect-stderr: fatal error: concurrent map writes
// expect-stderr: [running]:
// env: GOMAXPROCS=2
// timeout: 60
// not-under: asan tsan qemu
#include <gort/gort.hpp>

int main() {
  return gort::run([] {
    auto shared = gort::make<gort::map<int, int>>();
    for (int i = 0; i < 100; ++i) shared[i] = i;
    gort::go([=] {
      for (int i = 0;; ++i) shared[i % 100] = i;
    });
    for (int i = 0;; ++i) shared[i % 100] = i;
  });
}
