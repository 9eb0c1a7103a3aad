// The second marking of checked builds, asked by hand: what Reach finds, in which order, and that
// it notices what a mistake of the marker would leave.
//
// That cycles pass the verification is seen by every other test of a checked build.
// Not here: paths as text (path_test.cc).

#include <doctest/doctest.h>

#include <gort/detail/gc_core.hpp>
#include <gort/gort.hpp>
#include <gort/heap.hpp>
#include <memory>
#include <vector>

#include "gc/phase.h"
#include "gc/reach.h"
#include "gc/verify.h"
#include "sched/sched.h"

namespace gort::collector {
namespace {

struct Node {
  ptr<Node> left, right;
};

Node* tree(int depth) {
  Node* const node = new_<Node>();
  if (depth == 0) return node;
  node->left = tree(depth - 1);
  node->right = tree(depth - 1);
  return node;
}

// Visits the tree; how many of its nodes `reach` has.
std::size_t count(const Reach& reach, const Node* node) {
  if (node == nullptr) return 0;
  return reach.has(reinterpret_cast<std::uintptr_t>(node)) + count(reach, node->left.get()) +
         count(reach, node->right.get());
}

// With everything halted, nothing but mapped memory may be used.
template <class F>
void reach_everything(F f) {
  for (;;) {
    {
      sched::StoppedWorld stopped;
      if (phase() == Phase::idle) {
        sched::HaltedThreads halted(stopped.token());
        Reach reach;
        reach.from_roots(stopped.token(), halted);
        f(reach);
        return;
      }
    }
    sched::Section section;
    section.yield();
  }
}

TEST_CASE("everything below a handle is reached, and found from where it is held") {
  auto root = std::make_unique<ptr<Node>>(tree(10));
  Node* const node = root->get();
  std::size_t found = 0;
  bool right = false;
  reach_everything([&](const Reach& reach) {
    const auto address = reinterpret_cast<std::uintptr_t>(node);
    found = count(reach, node);
    right = reach.is_from_root(address) && reach.root_kind_of(address) == RootKind::handle &&
            reach.place_of(address) == reinterpret_cast<std::uintptr_t>(root.get()) &&
            !reach.is_from_root(reinterpret_cast<std::uintptr_t>(node->left.get())) &&
            reach.place_of(reinterpret_cast<std::uintptr_t>(node->left.get())) == address;
  });
  CHECK(found == (1u << 11) - 1);
  CHECK(right);
}

TEST_CASE("what threads hold in registers and frames is reached") {
  std::atomic<std::uintptr_t> hidden{0};
  std::atomic<bool> over{false};
  wait_group running;
  running.go([&] {
    Node* const node = new_<Node>();
    hidden = ~reinterpret_cast<std::uintptr_t>(node);
    // Never in the runtime: it is halted here.
    while (!over.load(std::memory_order_relaxed)) asm volatile("" : : "r"(node));
    keep_alive(node);
  });
  while (hidden == 0) gort::yield();
  bool found = false;
  RootKind kind{};
  reach_everything([&](const Reach& reach) {
    found = reach.has(~hidden);
    kind = reach.root_kind_of(~hidden);
  });
  over = true;
  running.wait();
  CHECK(found);
  CHECK((kind == RootKind::stack || kind == RootKind::registers));
}

}  // namespace
}  // namespace gort::collector
