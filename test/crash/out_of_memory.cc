// Memory that cannot be mapped: goroutines are started until the address space is used up.
//
// expect-exit: 2
// expect-stderr: fatal error: out of memory
// expect-stderr: [running]:
// not-under: asan tsan qemu
#include <sys/resource.h>

#include <fstream>

#include <gort/gort.hpp>

int main() {
  return gort::run([] {
    auto never = gort::make<gort::chan<int>>();
    gort::go([=] { never.recv(); });
    gort::yield();
    std::size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const rlimit little_more{pages * 4096 + (std::size_t{64} << 20), RLIM_INFINITY};
    setrlimit(RLIMIT_AS, &little_more);
    for (;;) gort::go([=] { never.recv(); });
  });
}
