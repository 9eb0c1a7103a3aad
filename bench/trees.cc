// Binary trees of depth 21, the benchmarks game's program, measured as a whole process: a tree of
// depth 22 is made and dropped, one of depth 21 lives to the end, and beside it trees of depths 4,
// 6, ... 20 are made, counted and dropped, 2^25 nodes and more of each. What run.py takes from the
// outside is wall-clock and processor time in s, and the most resident memory in MB.

#include "gort_heap.h"
#include "trees.h"

namespace {

struct Collected : bench::GortHeap {
  template <class Node>
  static void drop(Node*) {}
};

constexpr bench::Benchmark kAll[] = {
    {"trees", bench::trees<Collected>},
};

}  // namespace

int main(int argc, char** argv) {
  return gort::run([&] { return bench::run_named(argc, argv, kAll); });
}
