// bdwgc's peer of allocating.cc, where each number is defined. It does not zero such objects.

#include "allocating_peer.h"
#include "bdwgc_heap.h"

namespace {

struct Heap {
  static void* get(std::size_t bytes) { return GC_MALLOC_ATOMIC(bytes); }
  static void put(void*) {}
};

}  // namespace

int main(int argc, char** argv) {
  return bench::run_bdwgc(argc, argv, bench::kPlainAllocation<Heap>);
}
