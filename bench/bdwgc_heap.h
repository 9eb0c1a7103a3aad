// bdwgc as the heap of live_heap.h, and the frame of its programs.

#pragma once

#define GC_THREADS
#include <gc/gc.h>
#include <gc/gc_allocator.h>

#include <cstddef>
#include <new>
#include <span>
#include <vector>

#include "harness.h"

namespace bench {

struct BdwgcHeap {
  template <class T>
  using pointer = T*;
  template <class T>
  static T* make() {
    return static_cast<T*>(GC_MALLOC(sizeof(T)));
  }
  template <class T>
  static std::vector<T*, gc_allocator<T*>> make_table(std::size_t length) {
    return std::vector<T*, gc_allocator<T*>>(length);
  }
  static void collect() {
    collect_by_itself(true);
    GC_gcollect();
  }
  static void collect_by_itself(bool wanted) {
    if (wanted == (GC_is_disabled() == 0)) return;
    wanted ? GC_enable() : GC_disable();
  }
};

inline int run_bdwgc(int argc, char** argv, std::span<const Benchmark> all) {
  GC_INIT();
  return run_named(argc, argv, all);
}

}  // namespace bench
