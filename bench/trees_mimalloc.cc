// The peer of trees.cc without a collector: new and delete, which are mimalloc's, node by node.

#include <mimalloc-new-delete.h>

#include "trees.h"

namespace {

struct ByHand {
  template <class T>
  using pointer = T*;
  template <class T>
  static T* make() {
    return new T{};
  }
  template <class Node>
  static void drop(Node* node) {
    if (node->left != nullptr) {
      drop(node->left);
      drop(node->right);
    }
    delete node;
  }
};

constexpr bench::Benchmark kAll[] = {
    {"trees", bench::trees<ByHand>},
};

}  // namespace

int main(int argc, char** argv) { return bench::run_named(argc, argv, kAll); }
