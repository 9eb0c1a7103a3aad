// Records of the collector's own, in mapped memory: taken and given back while threads are halted.
//
// Whoever halts threads cannot use malloc ([T1] in sched/halt.h), nor can the sweep. Records come
// from chunks that are mapped and never unmapped, so a stale pointer, or a number made from an
// index, always leads to a record, if to another's.
//
// [MP1] A record is in the free list or its user's. Any thread, in a section or on the collector's
//       goroutines; the lock is the innermost of the collector's.
// Not here: goroutines' records (base/pool.h).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>

#include "base/assert.h"
#include "base/os_linux.h"
#include "base/spin_lock.h"

namespace gort::collector {

// Record has `std::uint32_t index` and `Record* next`.
template <class Record>
class MapPool {
 public:
  Record* take() {
    base::Guard guard(lock_);
    if (free_ == nullptr) map_chunk_locked();
    Record* const record = free_;
    free_ = record->next;
    record->next = nullptr;
    return record;
  }
  void give(Record* record) {  // [MP1]
    base::Guard guard(lock_);
    record->next = free_;
    free_ = record;
  }
  // Null if there never was such a record.
  Record* at(std::uint32_t index) const {
    const std::uint32_t chunk = index / kPerChunk;
    // Pairs with map_chunk_locked.
    if (chunk >= chunks_.load(std::memory_order_acquire)) return nullptr;
    return &directory_[chunk][index % kPerChunk];
  }
  std::size_t bytes() const {
    return std::size_t{chunks_.load(std::memory_order_relaxed)} * kChunkBytes;
  }

 private:
  static constexpr std::size_t kChunkBytes = std::size_t{64} << 10;
  static constexpr std::uint32_t kPerChunk = kChunkBytes / sizeof(Record);
  static constexpr std::uint32_t kMostChunks = 1 << 16;  // some 60 million records

  void map_chunk_locked() {
    const std::uint32_t chunk = chunks_.load(std::memory_order_relaxed);
    if (directory_ == nullptr) {
      directory_ = static_cast<Record**>(base::os::map_or_die(kMostChunks * sizeof(Record*)));
    }
    if (chunk == kMostChunks) base::fatal(base::FatalScope::current, "out of memory");
    auto* const records = static_cast<Record*>(base::os::map_or_die(kChunkBytes));
    directory_[chunk] = records;
    for (std::uint32_t i = kPerChunk; i-- > 0;) {
      Record* const record = new (&records[i]) Record();
      record->index = chunk * kPerChunk + i;
      record->next = free_;
      free_ = record;
    }
    chunks_.store(chunk + 1, std::memory_order_release);
  }

  base::SpinLock lock_;
  Record* free_ = nullptr;        // under lock_
  Record** directory_ = nullptr;  // set with the first chunk; entries below chunks_ are fixed
  std::atomic<std::uint32_t> chunks_{0};
};

}  // namespace gort::collector
