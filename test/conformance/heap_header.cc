// gort/heap.hpp alone has all of the collected heap.
//
// Compiled without the precompiled header, which would bring everything.
// Not here: what the parts do (the other files).

#include <gort/heap.hpp>

namespace {

struct Node {
  gort::ptr<Node> next;
};

std::uint64_t collections() {
  std::vector<gort::ptr<Node>, gort::allocator<gort::ptr<Node>>> nodes{gort::new_<Node>()};
  gort::weak<Node> weak = nodes[0];
  const int before = gort::set_gc_percent(100);
  gort::set_gc_percent(before);
  gort::set_memory_limit(-1);
  gort::gc();
  gort::free_os_memory();
  gort::keep_alive(nodes[0]);
  return gort::read_mem_stats().num_gc;
}

}  // namespace

#include <doctest/doctest.h>

TEST_CASE("one header is enough for objects, settings and numbers") { CHECK(collections() >= 2); }
