// bdwgc's peer of latency.cc, where each number is defined. Its stops are not told apart.

#include "bdwgc_heap.h"
#include "live_heap.h"

namespace {

void steady() {
  bench::Steady result = bench::steady_steps<bench::BdwgcHeap>();
  bench::report_steps(result);
}

constexpr bench::Benchmark kAll[] = {
    {"steady", steady},
};

}  // namespace

int main(int argc, char** argv) { return bench::run_bdwgc(argc, argv, kAll); }
