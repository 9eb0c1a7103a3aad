// Without a limit for the first thread's stack (ulimit -s unlimited) the C library says that this
// begins where malloc's memory ends, which grows. Handles there are roots all the same; and what
// frames refer to that are deeper than anybody's limit lives as well.
//
// expect-exit: 0
// expect-stdout: malloc: right
// expect-stdout: halted: right
// expect-stdout: parked: right
// not-under: asan tsan qemu
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <gort/gort.hpp>
#include <thread>
#include <vector>

namespace {

struct Cell {
  std::uint64_t value;
  std::uint64_t inverse;
};
Cell* new_cell(std::uint64_t value) {
  Cell* const cell = gort::new_<Cell>();
  cell->value = value;
  cell->inverse = ~value;
  return cell;
}

void collect_and_churn() {
  gort::gc();
  for (std::uint64_t i = 0; i < 100'000; ++i) new_cell(0xdead);
}

void say(const char* what, bool right) {
  std::printf("%s: %s\n", what, right ? "right" : "wrong");
  std::fflush(stdout);
}

// All of malloc's memory is below the first stack, in one piece that becomes longer.
bool handles_are_roots() {
  constexpr std::uint64_t kCount = 200'000;
  std::vector<gort::ptr<Cell>> handles;
  handles.reserve(kCount);
  for (std::uint64_t i = 0; i < kCount; ++i) handles.emplace_back(new_cell(i));
  collect_and_churn();
  for (std::uint64_t i = 0; i < kCount; ++i) {
    if (handles[i]->value != i || handles[i]->inverse != ~i) return false;
  }
  return true;
}

std::atomic<int> step{0};

// Far below where the stack's own part of the address space ends.
template <class F>
[[gnu::noinline]] bool at_depth(int megabytes, F f) {
  volatile char frame[1 << 20];
  frame[0] = 1;
  frame[sizeof frame - 1] = 1;
  Cell* const mine = new_cell(static_cast<std::uint64_t>(megabytes));
  const bool right = megabytes > 0 ? at_depth(megabytes - 1, f) : (f(), true);
  return frame[0] == 1 && right && mine->value == static_cast<std::uint64_t>(megabytes) &&
         mine->inverse == ~mine->value;
}

}  // namespace

int main(int, char** arguments) {
  if (std::getenv("GORT_TEST_UNLIMITED") == nullptr) {
    rlimit limit;
    ::getrlimit(RLIMIT_STACK, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_STACK, &limit);
    ::setenv("GORT_TEST_UNLIMITED", "1", 1);
    ::execv("/proc/self/exe", arguments);
    return 1;
  }
  ::mallopt(M_MMAP_THRESHOLD, 32 << 20);
  ::mallopt(M_ARENA_MAX, 1);
  new_cell(1);  // it is here that the runtime asks where the stack is
  say("malloc", handles_are_roots());
  std::thread other([] {
    while (step.load() < 1) std::this_thread::yield();
    collect_and_churn();
    step = 2;
  });
  say("halted", at_depth(100, [] {
        step = 1;
        while (step.load() < 2) {
        }
      }));
  other.join();
  say("parked", at_depth(100, collect_and_churn));
}
