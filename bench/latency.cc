// Latency: how long single steps of a program take that allocates steadily beside 1 GB that lives.
//
//   steady  200,000 doubly linked circular lists of 100 nodes of 48 bytes; 100,000 steps, each of
//           1,000 replacements of a random list's first node by a new one, on end.
//           step_p9999, step_longest: a step, in us; stop_p50, stop_longest: single stops of the
//           world meanwhile, in us; resident_steady: the most that the process held (resident
//           pages and page tables) of what was looked at every 1,000 steps
//
// One run, not the best of three: the numbers are about what is rare.

#include "gort_heap.h"
#include "live_heap.h"
#include "stops.h"

namespace {

void steady() {
  const bench::Stops before;
  bench::Steady result = bench::steady_steps<bench::GortHeap>();
  const auto [median, longest] = bench::Stops().since(before);
  bench::report_steps(result);
  bench::report("stop_p50", median, "us", result.hash);
  bench::report("stop_longest", longest, "us", result.hash);
}

constexpr bench::Benchmark kAll[] = {
    {"steady", steady},
};

}  // namespace

int main(int argc, char** argv) {
  return gort::run([&] { return bench::run_named(argc, argv, kAll); });
}
