// Fairness: whether goroutines run while others hold a thread in C code or compute without end.
//
//   libc_sleep_blocking  8 goroutines call nanosleep(200 ms), wrapped in blocking(), on two
//                        processors; time until all have slept: 200 ms is perfect
//   libc_sleep_bare      the same without telling gort: its monitor has to notice each
//   tasks_beside_hogs    two goroutines compute without ever calling gort; 20 short tasks are
//                        spawned after them; time from the first spawn until the last task ran
//
// One run each: the times are those of the monitor's clock, not of instructions. Boost.Fiber has
// nothing for either case (800 ms on two threads; never), so there is no peer.

#include <gort/gort.hpp>

#include <time.h>

#include <atomic>
#include <cstdint>

#include "harness.h"

namespace {

using bench::scaled;

bool libc_sleep() {
  const timespec nap{0, static_cast<long>(scaled(200, 20)) * 1000000};
  return ::nanosleep(&nap, nullptr) == 0;
}

template <class Sleep>
void sleep_8(std::string_view name, Sleep sleep) {
  gort::wait_group done;
  std::atomic<std::uint64_t> slept{0};
  done.add(8);
  const auto start = bench::Clock::now();
  for (int i = 0; i < 8; i++) {
    gort::go([&] {
      if (sleep()) slept++;
      done.done();
    });
  }
  done.wait();
  const double elapsed_ms = bench::nanoseconds_since(start) / 1e6;
  bench::Hash hash;
  hash.add(slept);
  bench::report(name, elapsed_ms, "ms", hash);
}

void hogs() {
  constexpr int kHogs = 2;
  constexpr std::uint64_t kTasks = 20;
  std::atomic<bool> over{false};
  std::atomic<std::uint64_t> ran{0};
  gort::wait_group hogs_done, tasks_done;
  hogs_done.add(kHogs);
  tasks_done.add(kTasks);
  double elapsed_ms = 0;
  const auto start = bench::Clock::now();
  for (int i = 0; i < kHogs; i++) {
    gort::go([&] {
      while (!over.load()) {
      }
      hogs_done.done();
    });
  }
  for (std::uint64_t i = 0; i < kTasks; i++) {
    gort::go([&] {
      if (++ran == kTasks) elapsed_ms = bench::nanoseconds_since(start) / 1e6;
      tasks_done.done();
    });
  }
  tasks_done.wait();
  over = true;
  hogs_done.wait();
  bench::Hash hash;
  hash.add(ran);
  bench::report("tasks_beside_hogs", elapsed_ms, "ms", hash);
}

constexpr bench::Benchmark kAll[] = {
    {"libc_sleep_blocking",
     [] { sleep_8("libc_sleep_blocking", [] { return gort::blocking(libc_sleep); }); }},
    {"libc_sleep_bare", [] { sleep_8("libc_sleep_bare", libc_sleep); }},
    {"tasks_beside_hogs", hogs},
};

}  // namespace

int main(int argc, char** argv) {
  return gort::run([&] { return bench::run_named(argc, argv, kAll); });
}
