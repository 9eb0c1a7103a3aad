// gort as the heap of live_heap.h, and its stops of the world.

#pragma once

#include <gort/gort.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

#include "harness.h"

namespace bench {

struct GortHeap {
  template <class T>
  using pointer = gort::ptr<T>;
  template <class T>
  static T* make() {
    return gort::new_<T>();
  }
  template <class T>
  static gort::slice<gort::ptr<T>> make_table(std::size_t length) {
    return gort::make<gort::slice<gort::ptr<T>>>(length);
  }
  static void collect() { gort::gc(); }
  static void collect_by_itself(bool wanted) { gort::set_gc_percent(wanted ? 100 : -1); }
};

}  // namespace bench
