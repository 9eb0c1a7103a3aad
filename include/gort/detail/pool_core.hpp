// What a pool is made of, whatever its values are: shards of two generations, and the list of all
// pools, by which the collector empties them.
//
// Values lie in chunks, which are collected objects. Each collection moves every shard's values on:
// who was young is old, and who was old is let go, by no more than forgetting the topmost chunk. So
// the collector calls no user code and moves no value; that very cycle finds the chunks dead, and
// destructors come as any dead object's do. And as chunks are looked into like all that is
// collected, plain pointers in values keep what they point to.
//
// States of a shard:  free --try_take--> busy --give_back--> free
//                       '---age_pools---> busy --'      (the collector's, for some instructions)
// A shard that the collector finds busy is moved on by its holder: `overdue` says how often.
//
// [PL1] Where there is no value there is no word that could be taken for one: values are made in a
//       chunk without a barrier, and what a value leaves behind is zeroed.
// [PL2] A holder looks at `overdue` after it has let go, and the collector tries again after all
//       threads have been made to see it (membarrier): so one of the two moves the shard on. Where
//       the kernel cannot do that, whoever takes the shard next does, or the next collection.
// [PL3] A pool may be a collected object, and be scanned word by word: the links of the list are
//       kept inverted, or each pool would keep its neighbours.
//
// These names are for gort's headers, not for users. Any thread, outside the runtime's sections.
// Not here: values (pool.hpp), the collector's walk (src/sync/pool.cc).
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "gort/detail/barrier.hpp"
#include "gort/heap.hpp"
#include "gort/layout.hpp"

namespace gort::detail {

// The values that came between the same two collections.
struct pool_generation {
  reference top;            // the chunk that is not full, or the last that was filled
  std::uint32_t count = 0;  // of values, in all chunks
};

struct alignas(64) pool_shard {
  std::atomic<bool> busy{false};
  std::atomic<std::uint32_t> overdue{0};  // collections that have not moved it on
  std::atomic<std::uint32_t> count{0};    // of both generations; written while busy
  // --- while busy
  pool_generation young, old;

  // True if it was free; it is the caller's then.
  bool try_take() noexcept {
    if (busy.exchange(true, std::memory_order_acquire)) return false;
    if (overdue.load(std::memory_order_relaxed) != 0) [[unlikely]]
      age();
    return true;
  }
  void give_back() noexcept {
    count.store(young.count + old.count, std::memory_order_relaxed);
    busy.store(false, std::memory_order_release);  // pairs with try_take
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (overdue.load(std::memory_order_relaxed) != 0) [[unlikely]]
      age_if_free();  // [PL2]
  }

  void age() noexcept;  // the holder's
  void age_if_free() noexcept;
};

struct pool_core {
  static constexpr std::size_t kShards = 8;

  pool_shard shards[kShards];
  std::uintptr_t next = 0, previous = 0;  // in the list, under its lock [PL3]

  // Into the list of those that the collector empties, and out of it: when leave returns, it is
  // not at work here.
  void enter() noexcept;
  void leave() noexcept;
};

// A piece of a generation. Only the topmost is not full.
template <class T>
class pool_chunk {
 public:
  // About a kilobyte, but not so many that a pool of few small values costs much.
  static constexpr std::uint32_t kRoom =
      static_cast<std::uint32_t>(std::clamp<std::size_t>(1000 / sizeof(T), 1, 32));

  pool_chunk() {}
  pool_chunk(const pool_chunk&) = delete;
  pool_chunk& operator=(const pool_chunk&) = delete;
  ~pool_chunk() { end_values(); }
  void end_values() {
    while (count != 0) std::destroy_at(&values[--count]);
  }

  reference next;
  std::uint32_t count = 0;
  union {
    T values[kRoom];  // the first `count` of them
  };

  GORT_LAYOUT(pool_chunk, next, values);
};

template <class T>
inline constexpr bool handle_is_zero_made<pool_chunk<T>> = true;

// Shows what so many words hold, if the collector marks.
void show_words(void** first, std::size_t words) noexcept;

}  // namespace gort::detail

namespace gort {
template <class T>
struct object_traits<detail::pool_chunk<T>> {
  static constexpr bool needs_destructor = detail::needs_destructor<T>;
};
}  // namespace gort
