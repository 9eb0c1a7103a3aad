// The write barrier: what a store of a reference costs.
//
//   store_marking  while the collector marks: 1,024 slots in turn are overwritten with one of
//                  1,024 targets, beside a goroutine that collects on end; per store, the median of
//                  2,000 such rounds that began and ended while it marked
//   quicksort      a million pointers in random order are sorted by what they point to;
//                  quicksort_ptr with ptr, quicksort_plain with plain pointers; per element
//   splay          100,000 random look-ups, each of which restructures a splay tree of 100,000
//                  nodes; splay_ptr with fields of ptr, splay_plain with plain pointers; per
//                  look-up
//
// The latter two with no collection: there `ptr` may cost next to nothing more. Each is the best of
// runs that take turns.

#include <gort/gort.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "gort_heap.h"
#include "splay.h"
#include "trees.h"

namespace {

using bench::scaled;

constexpr std::size_t kSlots = 1024;

struct Target {
  std::uint64_t words[2];
};
struct Slots {
  gort::ptr<Target> slots[kSlots];
};

[[gnu::noinline]] void store_batch(Slots* to, Slots* targets, std::size_t round) {
  for (std::size_t i = 0; i < kSlots; i++) {
    to->slots[i] = targets->slots[(i * 7 + round) % kSlots];
  }
}

void store_marking() {
  auto* const root = bench::bottom_up<bench::GortHeap>(scaled(22, 12));
  const auto batches = static_cast<std::size_t>(scaled(2000, 20));
  Slots* const slots = gort::new_<Slots>();
  Slots* const targets = gort::new_<Slots>();
  for (auto& target : targets->slots) target = gort::new_<Target>();
  gort::set_gc_percent(-1);
  std::atomic<bool> over{false};
  gort::wait_group ended;
  ended.go([&over] {
    while (!over) {
      gort::gc();
      gort::yield();
    }
  });
  std::vector<double> times;
  for (std::size_t round = 0; times.size() < batches; round++) {
    if (!gort::detail::is_marking()) {
      gort::yield();
      continue;
    }
    const auto start = bench::Clock::now();
    store_batch(slots, targets, round);
    const double elapsed = bench::nanoseconds_since(start);
    if (gort::detail::is_marking()) times.push_back(elapsed / kSlots);
  }
  over = true;
  ended.wait();
  bench::Hash hash;
  hash.add(bench::count<bench::GortHeap>(root));
  bench::report("store_marking", bench::quantile(times, 0.5), "ns/store", hash);
}

struct SortNode {
  std::uint64_t key;
  std::uint64_t rest[3];
};

// Sorts [a, end): Hoare's partition around the middle of three, insertion for short parts.
template <class Pointer>
void sort_part(Pointer* a, Pointer* end) {
  while (end - a > 12) {
    const std::uint64_t low = a[0]->key, middle = a[(end - a) / 2]->key, high = end[-1]->key;
    const std::uint64_t pivot =
        std::max(std::min(low, middle), std::min(std::max(low, middle), high));
    Pointer* i = a;
    Pointer* j = end - 1;
    while (i <= j) {
      while ((*i)->key < pivot) i++;
      while ((*j)->key > pivot) j--;
      if (i > j) break;
      SortNode* const left = *i;
      SortNode* const right = *j;
      *i++ = right;
      *j-- = left;
    }
    if (j + 1 - a < end - i) {
      sort_part(a, j + 1);
      a = i;
    } else {
      sort_part(i, end);
      end = j + 1;
    }
  }
  for (Pointer* i = a + 1; i < end; i++) {
    SortNode* const node = *i;
    Pointer* j = i;
    for (; j > a && j[-1]->key > node->key; j--) {
      SortNode* const larger = j[-1];
      *j = larger;
    }
    *j = node;
  }
}

template <class Pointer>
void sort_once(gort::slice<gort::ptr<SortNode>> nodes, double& best, bench::Hash& hash) {
  const std::size_t count = nodes.len();
  auto work = gort::make<gort::slice<Pointer>>(count);
  for (std::size_t i = 0; i < count; i++) work[i] = static_cast<SortNode*>(nodes[i]);
  Pointer* const first = &work[0];
  const auto start = bench::Clock::now();
  sort_part(first, first + count);
  const double elapsed = bench::nanoseconds_since(start);
  if (best == 0 || elapsed < best) best = elapsed;
  for (std::size_t i = 0; i < count; i += 1000) hash.add(work[i]->key);
}

void quicksort() {
  const auto count = static_cast<std::size_t>(scaled(1000000, 2000));
  gort::set_gc_percent(-1);
  auto nodes = gort::make<gort::slice<gort::ptr<SortNode>>>(count);
  for (std::size_t i = 0; i < count; i++) {
    SortNode* const node = gort::new_<SortNode>();
    node->key = bench::mixed(i);
    nodes[i] = node;
  }
  double with_ptr = 0, plain = 0;
  bench::Hash hash, plain_hash;
  for (int run = 0; run < 3; run++) {
    sort_once<gort::ptr<SortNode>>(nodes, with_ptr, hash);
    sort_once<SortNode*>(nodes, plain, plain_hash);
  }
  bench::report("quicksort_ptr", with_ptr / static_cast<double>(count), "ns/element", hash);
  bench::report("quicksort_plain", plain / static_cast<double>(count), "ns/element", plain_hash);
}

template <class T>
using plain_pointer = T*;

void splay() {
  const auto count = static_cast<std::uint64_t>(scaled(100000, 1000));
  gort::set_gc_percent(-1);
  bench::SplayTree<gort::ptr, bench::GortHeap> with_ptr(count);
  bench::SplayTree<plain_pointer, bench::GortHeap> plain(count);
  bench::Best best{}, plain_best{};
  for (int run = 0; run < 3; run++) {
    with_ptr.run_once(best);
    plain.run_once(plain_best);
  }
  bench::report("splay_ptr", best.ns / static_cast<double>(count), "ns/operation", best.hash);
  bench::report("splay_plain", plain_best.ns / static_cast<double>(count), "ns/operation",
                plain_best.hash);
}

constexpr bench::Benchmark kAll[] = {
    {"store_marking", store_marking},
    {"quicksort", quicksort},
    {"splay", splay},
};

}  // namespace

int main(int argc, char** argv) {
  return gort::run([&] { return bench::run_named(argc, argv, kAll); });
}
