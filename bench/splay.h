// A splay tree whose links are of a kind that the user chooses: barrier.cc compares two.
//
// Sleator and Tarjan's, restructured from the top down. Every look-up writes several links and
// allocates nothing.

#pragma once

#include <cstdint>

#include "harness.h"

namespace bench {

template <template <class> class Pointer, class Heap>
class SplayTree {
  struct Node {
    Pointer<Node> left, right;
    std::uint64_t key;
  };

 public:
  // A tree of `count` keys, mixed(0) to mixed(count - 1).
  explicit SplayTree(std::uint64_t count)
      : count_(count), header_(Heap::template make<Node>()), root_(nullptr) {
    for (std::uint64_t i = 0; i < count; i++) insert(mixed(i));
  }

  // Looks `count` keys up.
  void run_once(Best& best) {
    std::uint64_t sum = 0;
    const Clock::time_point start = Clock::now();
    for (std::uint64_t i = 0; i < count_; i++) {
      splay(mixed(mixed(i) % count_));
      sum = sum * 31 + root_->key;
    }
    const double elapsed = nanoseconds_since(start);
    if (best.ns == 0 || elapsed < best.ns) best.ns = elapsed;
    best.hash.add(sum);
  }

 private:
  void insert(std::uint64_t key) {
    Node* const fresh = Heap::template make<Node>();
    fresh->key = key;
    if (root_ != nullptr) {
      splay(key);
      if (key < root_->key) {
        fresh->left = root_->left;
        fresh->right = root_;
        root_->left = nullptr;
      } else {
        fresh->right = root_->right;
        fresh->left = root_;
        root_->right = nullptr;
      }
    }
    root_ = fresh;
  }

  // Brings `key`, or a neighbour of it, to the root.
  void splay(std::uint64_t key) {
    header_->left = nullptr;
    header_->right = nullptr;
    Node* less = header_;
    Node* more = header_;
    Node* at = root_;
    for (;;) {
      if (key < at->key) {
        Node* child = at->left;
        if (child == nullptr) break;
        if (key < child->key) {
          at->left = child->right;
          child->right = at;
          at = child;
          child = at->left;
          if (child == nullptr) break;
        }
        more->left = at;
        more = at;
        at = child;
      } else if (key > at->key) {
        Node* child = at->right;
        if (child == nullptr) break;
        if (key > child->key) {
          at->right = child->left;
          child->left = at;
          at = child;
          child = at->right;
          if (child == nullptr) break;
        }
        less->right = at;
        less = at;
        at = child;
      } else {
        break;
      }
    }
    less->right = at->left;
    more->left = at->right;
    at->left = header_->right;
    at->right = header_->left;
    root_ = at;
  }

  // On the stack of who measures, and so seen by the collector.
  std::uint64_t count_;
  Node* header_;
  Node* root_;
};

}  // namespace bench
