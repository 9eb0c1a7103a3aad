// Binary trees, the program of the benchmarks game: what trees.cc and its peers run.
//
// `Heap` says whose memory it is: `pointer<T>` for fields, `make<T>()`, and `drop(node)` for a tree
// that is not needed any more, which a collector makes nothing of.

#pragma once

#include <cstdint>

#include "harness.h"

namespace bench {

template <class Heap>
struct Tree {
  typename Heap::template pointer<Tree> left, right;
};

template <class Heap>
Tree<Heap>* bottom_up(std::int64_t depth) {
  if (depth == 0) return Heap::template make<Tree<Heap>>();
  Tree<Heap>* const left = bottom_up<Heap>(depth - 1);
  Tree<Heap>* const right = bottom_up<Heap>(depth - 1);
  Tree<Heap>* const node = Heap::template make<Tree<Heap>>();
  node->left = left;
  node->right = right;
  return node;
}

template <class Heap>
std::uint64_t count(Tree<Heap>* node) {
  if (node->left == nullptr) return 1;
  return 1 + count<Heap>(node->left) + count<Heap>(node->right);
}

template <class Heap>
std::uint64_t count_and_drop(std::int64_t depth) {
  Tree<Heap>* const tree = bottom_up<Heap>(depth);
  const std::uint64_t nodes = count<Heap>(tree);
  Heap::drop(tree);
  return nodes;
}

template <class Heap>
void trees() {
  constexpr std::int64_t kLeast = 4;
  const std::int64_t most = scaled(21, 10);
  Hash hash;
  hash.add(count_and_drop<Heap>(most + 1));
  Tree<Heap>* const long_lived = bottom_up<Heap>(most);
  for (std::int64_t depth = kLeast; depth <= most; depth += 2) {
    std::uint64_t sum = 0;
    for (std::int64_t i = 0; i < std::int64_t{1} << (most - depth + kLeast); i++) {
      sum += count_and_drop<Heap>(depth);
    }
    hash.add(sum);
  }
  const std::uint64_t nodes = count<Heap>(long_lived);
  hash.add(nodes);
  report("result", static_cast<double>(nodes), "nodes", hash);
}

}  // namespace bench
