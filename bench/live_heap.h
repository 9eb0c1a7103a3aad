// A large live heap, for the programs that measure what it costs to have one: collecting.cc,
// latency.cc and their bdwgc peers. Nodes are of 48 bytes with two references.
//
// `Heap` says whose memory it is: `pointer<T>` for fields, `make<T>()`, `table<T>` (indexed, of
// pointers, itself collected) and `make_table<T>(n)`, `collect()`, `collect_by_itself(bool)`.

#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "harness.h"

namespace bench {

template <class Heap>
struct TreeNode {
  typename Heap::template pointer<TreeNode> left, right;
  std::uint64_t words[4];
};

template <class Heap>
struct ListNode {
  typename Heap::template pointer<ListNode> next, previous;
  std::uint64_t words[4];
};

// The shortest of three collections, in milliseconds.
template <class Heap>
double collect_best_of_3() {
  double best = 0;
  for (int i = 0; i < 3; i++) {
    const Clock::time_point start = Clock::now();
    Heap::collect();
    const double elapsed = nanoseconds_since(start);
    if (i == 0 || elapsed < best) best = elapsed;
  }
  return best / 1e6;
}

template <class Heap>
TreeNode<Heap>* build_tree(std::int64_t depth, std::uint64_t number) {
  TreeNode<Heap>* const node = Heap::template make<TreeNode<Heap>>();
  node->words[0] = number;
  if (depth > 0) {
    node->left = build_tree<Heap>(depth - 1, 2 * number);
    node->right = build_tree<Heap>(depth - 1, 2 * number + 1);
  }
  return node;
}

template <class Heap>
std::uint64_t tree_sum(TreeNode<Heap>* node) {
  if (node == nullptr) return 0;
  return node->words[0] + 3 * tree_sum<Heap>(node->left) + 5 * tree_sum<Heap>(node->right);
}

template <class Heap>
void full_tree() {
  Heap::collect_by_itself(false);
  TreeNode<Heap>* const root = build_tree<Heap>(scaled(23, 9), 1);
  const double best = collect_best_of_3<Heap>();
  Hash hash;
  hash.add(tree_sum<Heap>(root));
  report("full_tree", best, "ms", hash);
}

inline constexpr std::size_t kListLength = 100;

// Lists of kListLength nodes, circular and doubly linked: their heads. The nodes of a list are
// neighbours in memory, or, shuffled, anywhere.
template <class Heap>
auto build_lists(std::size_t lists, bool shuffled) {
  using Node = ListNode<Heap>;
  const std::size_t count = lists * kListLength;
  auto nodes = Heap::template make_table<Node>(count);
  for (std::size_t i = 0; i < count; i++) {
    Node* const node = Heap::template make<Node>();
    node->words[0] = i;
    nodes[i] = node;
  }
  for (std::size_t i = count - 1; shuffled && i > 0; i--) {
    const std::size_t j = mixed(i) % (i + 1);
    Node* const other = nodes[i];
    nodes[i] = nodes[j];
    nodes[j] = other;
  }
  auto heads = Heap::template make_table<Node>(lists);
  for (std::size_t i = 0; i < lists; i++) {
    for (std::size_t j = 0; j < kListLength; j++) {
      Node* const node = nodes[i * kListLength + j];
      Node* const next = nodes[i * kListLength + (j + 1) % kListLength];
      node->next = next;
      next->previous = node;
    }
    heads[i] = nodes[i * kListLength];
  }
  return heads;
}

template <class Heap, class Heads>
std::uint64_t lists_sum(Heads& heads, std::size_t lists) {
  std::uint64_t sum = 0;
  for (std::size_t list = 0; list < lists; list++) {
    ListNode<Heap>* at = heads[list];
    for (std::uint64_t i = 1; i <= kListLength; i++) {
      sum += at->words[0] * i;
      at = at->next;
    }
  }
  return sum;
}

template <class Heap>
void full_lists_named(const char* name, bool shuffled) {
  Heap::collect_by_itself(false);
  const auto lists = static_cast<std::size_t>(scaled(200000, 200));
  auto heads = build_lists<Heap>(lists, shuffled);
  const double best = collect_best_of_3<Heap>();
  Hash hash;
  hash.add(lists_sum<Heap>(heads, lists));
  report(name, best, "ms", hash);
}
template <class Heap>
void full_lists() {
  full_lists_named<Heap>("full_lists", false);
}
template <class Heap>
void full_lists_random() {
  full_lists_named<Heap>("full_lists_random", true);
}

// The lists again, without a table of all nodes in between.
template <class Heap>
auto build_lists_in_order(std::size_t lists) {
  using Node = ListNode<Heap>;
  auto heads = Heap::template make_table<Node>(lists);
  for (std::size_t i = 0; i < lists; i++) {
    Node* const head = Heap::template make<Node>();
    head->words[0] = i;
    heads[i] = head;
    Node* last = head;
    for (std::size_t j = 1; j < kListLength; j++) {
      Node* const node = Heap::template make<Node>();
      node->words[0] = i + j;
      node->previous = last;
      last->next = node;
      last = node;
    }
    last->next = head;
    head->previous = last;
  }
  return heads;
}

// Puts a new node in the place of the first of a list, which is dropped.
template <class Heap, class Heads>
std::uint64_t replace_head(Heads& heads, std::size_t list, std::uint64_t value) {
  using Node = ListNode<Heap>;
  Node* const old = heads[list];
  Node* const next = old->next;
  Node* const previous = old->previous;
  Node* const fresh = Heap::template make<Node>();
  fresh->words[0] = value;
  fresh->next = next;
  fresh->previous = previous;
  next->previous = fresh;
  previous->next = fresh;
  heads[list] = fresh;
  return old->words[0];
}

struct Steady {
  std::vector<double> times;  // of steps, in ns
  double resident = 0;        // the most, in bytes
  Hash hash;
};

// 1,000 new list heads a step, on end, beside lists that are alive.
template <class Heap>
Steady steady_steps() {
  constexpr int kPerStep = 1000;
  const auto lists = static_cast<std::size_t>(scaled(200000, 100));
  const std::int64_t steps = scaled(100000, 100);
  auto heads = build_lists_in_order<Heap>(lists);
  Heap::collect();
  Steady result;
  result.times.reserve(static_cast<std::size_t>(steps));
  std::uint64_t sum = 0, number = 0;
  for (std::int64_t step = 0; step < steps; step++) {
    const Clock::time_point start = Clock::now();
    for (int i = 0; i < kPerStep; i++) {
      number++;
      sum += replace_head<Heap>(heads, mixed(number) % lists, number);
    }
    result.times.push_back(nanoseconds_since(start));
    if (step % 1000 == 0) result.resident = std::max(result.resident, memory_bytes());
  }
  Heap::collect();
  for (std::size_t list = 0; list < lists; list++) {
    ListNode<Heap>* const head = heads[list];
    sum = sum * 31 + head->words[0];
  }
  result.hash.add(sum);
  return result;
}

inline void report_steps(Steady& steady) {
  report("step_p9999", quantile(steady.times, 0.9999) / 1e3, "us", steady.hash);
  report("step_longest", steady.times.back() / 1e3, "us", steady.hash);
  report("resident_steady", steady.resident / 1e6, "MB", steady.hash);
}

}  // namespace bench
