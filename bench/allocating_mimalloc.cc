// mimalloc's peer of allocating.cc, where each number is defined: what is dropped is freed by hand.

#include <mimalloc.h>

#include "allocating_peer.h"

namespace {

struct Heap {
  static void* get(std::size_t bytes) { return mi_zalloc(bytes); }
  static void put(void* object) { mi_free(object); }
};

}  // namespace

int main(int argc, char** argv) {
  return bench::run_named(argc, argv, bench::kPlainAllocation<Heap>);
}
