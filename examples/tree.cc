// A binary search tree that grows while another goroutine reads it: no node is ever freed by hand,
// and none that somebody still looks at goes away.
//
// Nodes do not change once they are in a tree. To insert is to make a new path from the root down;
// everything else is shared between the old tree and the new one. So a reader needs no lock, and
// the old paths are garbage as soon as the last reader has left them.
#include <gort/gort.hpp>

#include <cstdint>
#include <cstdio>

struct node {
  gort::ptr<node> left, right;
  std::uint32_t key;
};

node* with(node* tree, std::uint32_t key) {
  node* copy = gort::new_<node>();
  copy->key = key;
  if (tree == nullptr) return copy;
  copy->key = tree->key;
  copy->left = tree->left;
  copy->right = tree->right;
  if (key < tree->key) copy->left = with(tree->left, key);
  if (key > tree->key) copy->right = with(tree->right, key);
  return copy;
}

// How many nodes there are, and whether their keys rise from left to right.
int count(const node* tree, std::int64_t& last, bool& in_order) {
  if (tree == nullptr) return 0;
  const int left = count(tree->left, last, in_order);
  in_order = in_order && tree->key > last;
  last = tree->key;
  return left + 1 + count(tree->right, last, in_order);
}

int main() {
  gort::run([] {
    gort::atomic_ptr<node> latest;
    gort::wait_group readers;
    auto done = gort::make<gort::chan<gort::unit>>();
    readers.go([&] {
      bool in_order = true;
      do {
        std::int64_t last = -1;
        count(latest.load(), last, in_order);
      } while (!done.try_recv().closed);
      std::printf("every tree that was seen was in order: %s\n", in_order ? "yes" : "no");
    });
    for (std::uint32_t i = 1; i <= 20000; i++) latest.store(with(latest.load(), i * 2654435761u));
    done.close();
    readers.wait();
    std::int64_t last = -1;
    bool in_order = true;
    std::printf("%d nodes\n", count(latest.load(), last, in_order));
  });
}
