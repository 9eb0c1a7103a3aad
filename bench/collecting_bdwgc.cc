// bdwgc's peer of collecting.cc, where each number is defined. It stops the world for the whole of
// it, and puts most of the sweep off.

#include "bdwgc_heap.h"
#include "live_heap.h"

namespace {

using bench::BdwgcHeap;

constexpr bench::Benchmark kAll[] = {
    {"full_tree", bench::full_tree<BdwgcHeap>},
    {"full_lists", bench::full_lists<BdwgcHeap>},
    {"full_lists_random", bench::full_lists_random<BdwgcHeap>},
};

}  // namespace

int main(int argc, char** argv) { return bench::run_bdwgc(argc, argv, kAll); }
