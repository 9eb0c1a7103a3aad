// The table of what hangs on objects: address -> weak cell and cleanups. See special.h.
//
//     shard ---> buckets ---> record ---> record       one per object
//                               |  \---> cell           a collected object, or null
//                               '---> cleanup ---> cleanup    in the order of their making
//
// Sharded by address, each shard behind a spin lock; buckets are mapped and doubled under it.
//
// [ST1] A record exists while it has a cell or a cleanup. Its object has a slot that is not free.
// [ST2] Order of locks: shard, queue of ends (finalize.h), pools and work.
// Any thread, in a section or on the collector's goroutines. Not here: what is decided by it
// (special.cc).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/spin_lock.h"
#include "gc/map_pool.h"

namespace gort::collector {

// A weak cell: the second half of 16 bytes without pointers. Where those begin may be the end of
// the object before, perhaps the target, and a stack's word with that address would keep it. Holds
// its target's complement, so that what looks through memory for addresses does not take it for a
// reference; 0: cleared.
struct WeakCell {
  std::atomic<std::uintptr_t> hidden;

  std::uintptr_t target() const {
    const std::uintptr_t value = hidden.load(std::memory_order_relaxed);
    return value != 0 ? ~value : 0;
  }
  void set(std::uintptr_t target) { hidden.store(~target, std::memory_order_relaxed); }
  void clear() { hidden.store(0, std::memory_order_relaxed); }
};

using CleanupFunction = void (*)(void* record);

struct Cleanup {
  Cleanup* next = nullptr;
  std::atomic<std::uint64_t> number{0};  // 0: free; else generation 32 | index + 1 32
  std::atomic<std::uintptr_t> object{0};
  void* record = nullptr;  // a collected object, kept alive from here
  CleanupFunction run = nullptr;
  std::uint32_t index = 0;
  std::uint32_t generation = 0;
};

struct Record {
  Record* next = nullptr;  // in its bucket
  std::uintptr_t object = 0;
  WeakCell* cell = nullptr;
  Cleanup* first = nullptr;
  Cleanup* last = nullptr;
  std::uint32_t index = 0;

  bool is_empty() const { return cell == nullptr && first == nullptr; }
};

class SpecialTable {
 public:
  struct alignas(64) Shard {
    base::SpinLock lock;
    // --- under lock
    std::uint32_t capacity = 0;  // a power of two
    std::uint32_t count = 0;
    Record** buckets = nullptr;
  };

  Shard& shard_of(std::uintptr_t object) { return shards_[hash(object) % kShards]; }

  // All under the shard's lock. Null if there is none.
  Record* find(Shard& shard, std::uintptr_t object);
  Record* find_or_make(Shard& shard, std::uintptr_t object);
  void drop(Shard& shard, Record* record);  // it is empty

  Cleanup* new_cleanup(Record* record);  // at the end of its list, numbered
  // Takes it off; false if it is not there.
  bool remove_cleanup(Record* record, Cleanup* cleanup);
  void free_cleanup(Cleanup* cleanup);
  Cleanup* cleanup_of(std::uint64_t number) {
    return cleanups_.at(static_cast<std::uint32_t>(number) - 1);
  }

  // visit(record), shard by shard under the locks; visit may empty it: then it is dropped.
  template <class Visit>
  void for_each(Visit visit) {
    Cursor cursor;
    while (visit_some(cursor, visit)) {
    }
  }
  // A piece of that, from where the cursor stands; false when that was the last. Between two pieces
  // the table may change: what is in it all the while is visited. Where a shard has grown, those
  // that were visited have stayed in their bucket or gone to one that comes later, and may be
  // visited twice.
  struct Cursor {
    std::uint32_t shard = 0, bucket = 0;
  };
  template <class Visit>
  bool visit_some(Cursor& cursor, Visit visit) {
    if (records_in_use() == 0) return false;
    for (std::uint32_t left = kBucketsPerPiece; cursor.shard < kShards;) {
      Shard& shard = shards_[cursor.shard];
      base::Guard guard(shard.lock);
      for (; cursor.bucket < shard.capacity; ++cursor.bucket, --left) {
        if (left == 0) return true;
        visit_bucket(shard, cursor.bucket, visit);
      }
      cursor = {cursor.shard + 1, 0};
    }
    return false;
  }

  std::size_t records_in_use() const { return in_use_.load(std::memory_order_relaxed); }
  std::size_t bytes() const {
    return records_.bytes() + cleanups_.bytes() + bucket_bytes_.load(std::memory_order_relaxed);
  }

 private:
  static constexpr std::size_t kShards = 128;
  static constexpr std::uint32_t kBucketsPerPiece = 1024;  // each a cache miss or two

  static std::uint64_t hash(std::uintptr_t object) {
    return (std::uint64_t{object >> 4} * 0x9e3779b97f4a7c15) >> 20;
  }
  static Record** bucket(Shard& shard, std::uintptr_t object) {
    return &shard.buckets[hash(object) / kShards & (shard.capacity - 1)];
  }
  void grow(Shard& shard);

  template <class Visit>
  void visit_bucket(Shard& shard, std::uint32_t i, Visit& visit) {
    for (Record* record = shard.buckets[i]; record != nullptr;) {
      Record* const next = record->next;
      visit(*record);
      if (record->is_empty()) drop(shard, record);
      record = next;
    }
  }

  Shard shards_[kShards];
  MapPool<Record> records_;
  MapPool<Cleanup> cleanups_;
  std::atomic<std::size_t> in_use_{0};
  std::atomic<std::size_t> bucket_bytes_{0};
};

extern constinit SpecialTable special_table;

}  // namespace gort::collector
