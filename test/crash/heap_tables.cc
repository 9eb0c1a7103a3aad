// Little address space, and most of it taken before the runtime starts: the heap makes do with what
// is left, its tables included.
//
// expect-exit: 0
// expect-stdout: enough
// not-under: asan tsan qemu
#include <sys/mman.h>
#include <sys/resource.h>

#include <cstdio>

#include <gort/gort.hpp>

int main() {
  constexpr std::size_t kMiB = std::size_t{1} << 20;
  const rlimit little{1024 * kMiB, RLIM_INFINITY};
  setrlimit(RLIMIT_AS, &little);
  if (mmap(nullptr, 675 * kMiB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED) {
    return 1;
  }
  return gort::run([] {
    struct Words {
      std::size_t words[4];
    };
    for (std::size_t i = 0; i < 1'000'000; ++i) gort::new_<Words>()->words[0] = i;
    std::puts("enough");
  });
}
