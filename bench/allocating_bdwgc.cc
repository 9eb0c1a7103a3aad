// bdwgc's peer of allocating.cc, where each number is defined. It does not zero such objects.

#include "allocating_peer.h"
#include "bdwgc_heap.h"

namespace {

struct Heap {
  static void* get(std::size_t bytes) { return GC_MALLOC_ATOMIC(bytes); }
  static void put(void*) {}
};

constexpr std::int64_t kSmall = 5000000;

constexpr bench::Benchmark kAll[] = {
    {"alloc_16", [] { bench::measure_plain<Heap, 16>("alloc_16", kSmall); }},
    {"alloc_64", [] { bench::measure_plain<Heap, 64>("alloc_64", kSmall); }},
    {"alloc_256", [] { bench::measure_plain<Heap, 256>("alloc_256", kSmall); }},
    {"alloc_1k", [] { bench::measure_plain<Heap, (1 << 10)>("alloc_1k", 1000000); }},
    {"alloc_8k", [] { bench::measure_plain<Heap, (8 << 10)>("alloc_8k", 200000); }},
    {"alloc_32k", [] { bench::measure_plain<Heap, (32 << 10)>("alloc_32k", 60000); }},
    {"alloc_64k", [] { bench::measure_plain<Heap, (64 << 10)>("alloc_64k", 30000); }},
};

}  // namespace

int main(int argc, char** argv) { return bench::run_bdwgc(argc, argv, kAll); }
