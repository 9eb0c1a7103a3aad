// Collected memory that cannot be had: objects that all live fill the address space.
//
// expect-exit: 2
// expect-stderr: fatal error: out of memory
// expect-stderr: [running]:
// not-under: asan tsan qemu
#include <sys/resource.h>

#include <gort/gort.hpp>

struct Block {
  gort::ptr<Block> next;
  char bytes[8'000];
};

int main() {
  // Before the heap reserves its part of it.
  constexpr rlim_t kBytes = rlim_t{512} << 20;
  const rlimit little{kBytes, RLIM_INFINITY};
  setrlimit(RLIMIT_AS, &little);
  return gort::run([] {
    Block* last = gort::new_<Block>();
    for (;;) {
      Block* const block = gort::new_<Block>();
      for (char& byte : block->bytes) byte = 1;
      block->next = last;
      last = block;
    }
  });
}
