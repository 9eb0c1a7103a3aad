// bdwgc's peer of trees.cc, where the program is described.

#include "bdwgc_heap.h"
#include "trees.h"

namespace {

struct Collected : bench::BdwgcHeap {
  template <class Node>
  static void drop(Node*) {}
};

constexpr bench::Benchmark kAll[] = {
    {"trees", bench::trees<Collected>},
};

}  // namespace

int main(int argc, char** argv) { return bench::run_bdwgc(argc, argv, kAll); }
