// The list of all pools, and moving their values on when a collection begins.
//
// [PL4] The list's lock is taken outside the runtime's sections only, and nothing under it enters
//       the runtime: so a pool can be made before the runtime is there and end after it, and who
//       waits for the lock keeps nobody from stopping the world. Nobody who may be halted is waited
//       for either: only the coordinator halts others, and it does not hold or want the lock then.
//
// The walk lets go of the lock after each pool, and knows the next: a pool that leaves the list
// meanwhile moves the walk on. One that enters has nothing to be moved on.
//
// Runs on the coordinator, on whoever makes or ends a pool, and on holders of shards. Not here: the
// fast paths (gort/detail/pool_core.hpp, gort/pool.hpp).
#include "gort/detail/pool_core.hpp"

#include <algorithm>

#include "base/assert.h"
#include "base/os_linux.h"
#include "base/spin_lock.h"
#include "sync/sync.h"

namespace gort::detail {
namespace {

struct List {
  base::SpinLock lock;
  // --- under lock
  pool_core* first = nullptr;
  pool_core* walked_next = nullptr;
};
constinit List list;

// [PL3]
pool_core* shown(std::uintptr_t link) { return reinterpret_cast<pool_core*>(~link); }
std::uintptr_t hidden(const pool_core* pool) { return ~reinterpret_cast<std::uintptr_t>(pool); }

// store(reference, value)
template <class Store>
void move_on(pool_shard& shard, Store store) {
  const std::uint32_t times = shard.overdue.exchange(0, std::memory_order_relaxed);
  for (std::uint32_t i = 0; i < std::min(times, 2u); ++i) {
    store(shard.old.top, shard.young.top.get());
    shard.old.count = shard.young.count;
    store(shard.young.top, nullptr);
    shard.young.count = 0;
  }
}

// The coordinator's. No barrier: it knows that nothing is marked, and a section is out of the
// question here [PL4].
void age_from_outside(pool_shard& shard) {
  if (shard.busy.exchange(true, std::memory_order_seq_cst)) return;
  move_on(shard, [](reference& slot, void* value) {
    std::atomic_ref<void*>(*slot.slot()).store(value, std::memory_order_relaxed);
  });
  shard.count.store(shard.young.count + shard.old.count, std::memory_order_relaxed);
  shard.busy.store(false, std::memory_order_release);  // pairs with try_take
}

bool is_overdue(const pool_shard& shard) {
  return shard.overdue.load(std::memory_order_relaxed) != 0;
}

void age_all(pool_core& pool) {
  bool missed = false;
  for (pool_shard& shard : pool.shards) {
    shard.overdue.fetch_add(1, std::memory_order_seq_cst);
    age_from_outside(shard);
    missed |= is_overdue(shard);
  }
  if (!missed) return;
  base::os::process_barrier();  // [PL2]
  for (pool_shard& shard : pool.shards) {
    if (is_overdue(shard)) age_from_outside(shard);
  }
}

}  // namespace

void pool_shard::age() noexcept {
  move_on(*this, [](reference& slot, void* value) { slot.set(value); });
}

void pool_shard::age_if_free() noexcept {
  while (is_overdue(*this)) {
    if (busy.exchange(true, std::memory_order_acquire)) return;  // its holder's then
    age();
    count.store(young.count + old.count, std::memory_order_relaxed);
    busy.store(false, std::memory_order_release);  // pairs with try_take
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }
}

void pool_core::enter() noexcept {
  base::Guard guard(list.lock);
  next = hidden(list.first);
  previous = hidden(nullptr);
  if (list.first != nullptr) list.first->previous = hidden(this);
  list.first = this;
}

void pool_core::leave() noexcept {
  base::Guard guard(list.lock);
  pool_core* const after = shown(next);
  pool_core* const before = shown(previous);
  if (list.walked_next == this) list.walked_next = after;
  if (before != nullptr) {
    before->next = hidden(after);
  } else {
    list.first = after;
  }
  if (after != nullptr) after->previous = hidden(before);
}

void show_words(void** first, std::size_t words) noexcept {
  // A section each: the world is not to wait long for one.
  constexpr std::size_t kAtOnce = 4096;
  for (std::size_t done = 0; done < words; done += kAtOnce) {
    move_slots(first + done, first + done, std::min(kAtOnce, words - done));
  }
}

}  // namespace gort::detail

namespace gort::sync {

void age_pools() {
  using namespace gort::detail;
  GORT_ASSERT(!is_marking());
  {
    base::Guard guard(list.lock);
    list.walked_next = list.first;
  }
  for (;;) {
    base::Guard guard(list.lock);
    pool_core* const pool = list.walked_next;
    if (pool == nullptr) return;
    list.walked_next = shown(pool->next);
    age_all(*pool);
  }
}

}  // namespace gort::sync
