// An arena that is full of garbage: whoever finds it so has it collected, several at once and for
// memory that is given back by hand, too; nobody dies of it.
//
// expect-exit: 0
// expect-stdout: all there
// timeout: 100
// not-under: asan tsan qemu
#include <sys/resource.h>

#include <cstdio>
#include <string>

#include <gort/gort.hpp>

namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;
using Text = std::basic_string<char, std::char_traits<char>, gort::allocator<char>>;

void waste(std::size_t pieces) {
  for (std::size_t i = 0; i < pieces; ++i) {
    auto block = gort::make<gort::slice<char>>(kMiB);
    block[0] = 1;
  }
}

// How many such pieces there is room for.
std::size_t fill() {
  gort::gc();
  const auto collections = gort::read_mem_stats().num_gc;
  std::size_t pieces = 0;
  for (; gort::read_mem_stats().num_gc == collections; ++pieces) waste(1);
  return pieces;
}

}  // namespace

int main() {
  // Before the heap reserves its part of it.
  const rlimit little{1024 * kMiB, RLIM_INFINITY};
  setrlimit(RLIMIT_AS, &little);
  return gort::run({.gc_percent = -1}, [] {
    gort::wait_group wasters;
    for (int i = 0; i < 8; ++i) {
      wasters.go([] { waste(512); });
    }
    wasters.wait();
    const std::size_t pieces = fill();
    gort::gc();
    waste(pieces - 32);
    Text kept[32];
    for (Text& text : kept) text.resize(2 * kMiB, 'x');  // nothing else is allocated meanwhile
    std::size_t right = 0;
    for (const Text& text : kept) right += text.front() == 'x' && text.back() == 'x';
    std::puts(right == 32 ? "all there" : "some are missing");
  });
}
