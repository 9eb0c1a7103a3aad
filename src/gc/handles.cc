// Bits for slots, by address.
//
// Tables are mapped when they are first needed and never unmapped, so entering is one lookup and
// one atomic instruction. Pages that have become empty are left out of later walks.
// Runs on whoever makes or destroys a handle, and on the collector.
#include "gc/handles.h"

#include <atomic>
#include <cstdint>

#include "base/assert.h"
#include "base/event.h"
#include "base/os_linux.h"
#include "base/spin_lock.h"

namespace gort::collector {

constexpr unsigned kPageLog = 12, kLeafLog = 11, kMidLog = 12, kAddressBits = 48;
constexpr unsigned kRootLog = kAddressBits - kPageLog - kLeafLog - kMidLog;
constexpr std::size_t kPagesPerLeaf = std::size_t{1} << kLeafLog;
constexpr unsigned kWordsPerPage = (1u << kPageLog) / sizeof(void*) / 64;

struct Leaf {
  Leaf* next = nullptr;  // of all there are
  std::uintptr_t first_page = 0;
  std::atomic<std::uint64_t> used[kPagesPerLeaf / 64];  // pages that may have bits
  std::atomic<std::uint64_t> bits[kPagesPerLeaf][kWordsPerPage];
};
namespace {

using Mid = std::atomic<Leaf*>[std::size_t{1} << kMidLog];

std::atomic<Mid*> root[std::size_t{1} << kRootLog];
std::atomic<Leaf*> all_leaves{nullptr};
base::SpinLock growing;
std::atomic<std::size_t> table_bytes{0};
// [GH2] 0: nobody walks.
std::atomic<std::uintptr_t> page_in_view{0};

// `prepare(table)` is called for a new one before anybody can find it.
template <class Table, class Prepare>
Table* find_or_map(std::atomic<Table*>& place, Prepare prepare) {
  Table* table = place.load(std::memory_order_acquire);  // pairs with the store below
  if (table != nullptr) return table;
  base::Guard guard(growing);
  table = place.load(std::memory_order_relaxed);
  if (table == nullptr) {
    table = static_cast<Table*>(base::os::map_or_die(sizeof(Table)));
    table_bytes.fetch_add(sizeof(Table), std::memory_order_relaxed);
    prepare(table);
    place.store(table, std::memory_order_release);
  }
  return table;
}

// The leaf enters the list first [GH3]: another thread may find it in the table while the one that
// made it is off its CPU for longer than a cycle takes.
Leaf* leaf_of(std::uintptr_t page) {
  const std::uintptr_t number = page >> kLeafLog;
  Mid* const mid = find_or_map(root[number >> kMidLog], [](Mid*) {});
  return find_or_map((*mid)[number % (std::size_t{1} << kMidLog)], [number](Leaf* leaf) {
    leaf->first_page = number << kLeafLog;
    leaf->next = all_leaves.load(std::memory_order_relaxed);  // changes under `growing` only
    all_leaves.store(leaf, std::memory_order_release);
  });
}

struct Place {
  Leaf* leaf;
  std::uintptr_t page;
  std::size_t in_leaf;
  unsigned word;
  std::uint64_t bit;

  explicit Place(void** slot) {
    const auto address = reinterpret_cast<std::uintptr_t>(slot);
    page = address >> kPageLog;
    leaf = leaf_of(page);
    in_leaf = page % kPagesPerLeaf;
    const auto number = static_cast<unsigned>(address % (1u << kPageLog) / sizeof(void*));
    word = number / 64;
    bit = std::uint64_t{1} << number % 64;
  }
};

// Returns how many slots there were.
std::size_t visit_page(Leaf& leaf, std::size_t in_leaf, void (*visit)(void**, void*),
                       void* argument) {
  std::size_t visited = 0;
  const std::uintptr_t page = leaf.first_page + in_leaf;
  page_in_view.store(page, std::memory_order_seq_cst);  // before the bits are read: [GH2]
  for (unsigned word = 0; word < kWordsPerPage; ++word) {
    std::uint64_t bits = leaf.bits[in_leaf][word].load(std::memory_order_seq_cst);
    for (; bits != 0; bits &= bits - 1, ++visited) {
      const auto number = word * 64 + static_cast<unsigned>(__builtin_ctzll(bits));
      visit(reinterpret_cast<void**>((page << kPageLog) + number * sizeof(void*)), argument);
    }
  }
  page_in_view.store(0, std::memory_order_release);
  return visited;
}

// A page in which the walk has found nothing is not looked at by those that come, or the walk would
// for ever be as long as it ever was. Who enters a slot meanwhile sees that, or is seen here.
void forget_if_empty(Leaf& leaf, std::size_t in_leaf) {
  std::atomic<std::uint64_t>& used = leaf.used[in_leaf / 64];
  const std::uint64_t mine = std::uint64_t{1} << in_leaf % 64;
  used.fetch_and(~mine, std::memory_order_seq_cst);
  for (const std::atomic<std::uint64_t>& bits : leaf.bits[in_leaf]) {
    if (bits.load(std::memory_order_seq_cst) == 0) continue;
    used.fetch_or(mine, std::memory_order_relaxed);
    return;
  }
}

}  // namespace

void set_handle_bit(void** slot) {
  const Place place(slot);
  place.leaf->bits[place.in_leaf][place.word].fetch_or(place.bit, std::memory_order_seq_cst);
  std::atomic<std::uint64_t>& used = place.leaf->used[place.in_leaf / 64];
  const std::uint64_t mine = std::uint64_t{1} << place.in_leaf % 64;
  // After the bit, as forget_if_empty looks for bits after it has changed this. Release: who sees
  // the page used sees the bit.
  if ((used.load(std::memory_order_seq_cst) & mine) == 0) {
    used.fetch_or(mine, std::memory_order_release);
  }
}

void clear_handle_bit(void** slot) {
  const Place place(slot);
  place.leaf->bits[place.in_leaf][place.word].fetch_and(~place.bit, std::memory_order_seq_cst);
  base::Backoff backoff;
  while (page_in_view.load(std::memory_order_seq_cst) == place.page) backoff.step();
}

HandleWalk HandleWalk::begin() {
  HandleWalk walk;
  walk.leaf_ = all_leaves.load(std::memory_order_acquire);
  return walk;
}

bool HandleWalk::visit(std::size_t slots, void (*visit)(void** slot, void* argument),
                       void* argument) {
  std::size_t visited = 0;
  for (; leaf_ != nullptr; leaf_ = leaf_->next, page_ = 0) {
    while (page_ < kPagesPerLeaf) {
      if (visited >= slots) return true;
      const std::uint64_t used = leaf_->used[page_ / 64].load(std::memory_order_acquire);
      const std::uint64_t left = used >> page_ % 64;
      if (left == 0) {
        page_ = (page_ / 64 + 1) * 64;
        continue;
      }
      page_ += static_cast<unsigned>(__builtin_ctzll(left));
      const std::size_t found = visit_page(*leaf_, page_, visit, argument);
      if (found == 0) forget_if_empty(*leaf_, page_);
      visited += found;
      ++page_;
    }
  }
  return false;
}

std::size_t handle_table_bytes() { return table_bytes.load(std::memory_order_relaxed); }

}  // namespace gort::collector
