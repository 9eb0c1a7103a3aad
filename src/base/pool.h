// Fixed-size records from slabs that are never unmapped: goroutines, threads.
//
// A record's memory stays a record for ever, so a stale pointer to one can always be read, and all
// records can be listed by walking the slabs, without a lock: that is how a dump finds every
// goroutine, and the collector every stack. Slabs come from malloc, never from the collected heap:
// the collector must not own what it stops.
//
// The shared list is behind a lock; a processor takes and returns records in batches and keeps
// its own list (owner only), so that creating a goroutine takes no lock.
//
// [B1] A record is reachable from exactly one of: a processor's list, the shared list, its user.
// Runs on any thread. Not here: goroutine records' fields (sched/goroutine.h).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

#include "base/assert.h"
#include "base/spin_lock.h"

namespace gort::base {

template <class Record>
class Pool {
 public:
  static constexpr std::size_t kSlabBytes = std::size_t{1} << 20;
  static constexpr std::size_t kRecordsPerSlab = kSlabBytes / sizeof(Record);

  // Up to `count` constructed records, linked by `next`; at least one.
  Record* acquire(std::size_t count, std::size_t& taken) {
    Guard guard(lock_);
    Record* chain = nullptr;
    for (taken = 0; taken < count; ++taken) {
      Record* record = free_;
      if (record != nullptr) {
        free_ = record->next;
      } else {
        record = carve();
      }
      record->next = chain;
      chain = record;
    }
    return chain;
  }

  void release(Record* chain) {
    Guard guard(lock_);
    while (chain != nullptr) {
      Record* next = chain->next;
      chain->next = free_;
      free_ = chain;
      chain = next;
    }
  }

  std::size_t bytes() const { return carved_.load(std::memory_order_relaxed) * sizeof(Record); }

  // Every record ever carved, free ones included. The caller keeps records from being reused, or
  // can cope with it. Takes no lock.
  template <class Visit>
  void for_each(Visit visit) {
    const std::size_t total = carved_.load(std::memory_order_acquire);
    for (std::size_t i = 0; i < total; ++i) visit(record(i));
  }

  // The same for `count` records from the `first` on; false when there are none beyond.
  template <class Visit>
  bool visit_some(std::size_t first, std::size_t count, Visit visit) {
    const std::size_t total = carved_.load(std::memory_order_acquire);
    for (std::size_t i = first; i < first + count && i < total; ++i) visit(record(i));
    return first + count < total;
  }

 private:
  static constexpr std::size_t kMaxSlabs = std::size_t{1} << 16;

  Record& record(std::size_t i) { return directory_[i / kRecordsPerSlab][i % kRecordsPerSlab]; }

  [[gnu::noinline]] Record* carve() {
    const std::size_t total = carved_.load(std::memory_order_relaxed);
    const std::size_t slab = total / kRecordsPerSlab;
    if (total % kRecordsPerSlab == 0) {
      // Its pages come when they are touched.
      if (slab == 0) directory_ = static_cast<Record**>(std::calloc(kMaxSlabs, sizeof(Record*)));
      void* memory = nullptr;
      if (directory_ != nullptr && slab < kMaxSlabs) {
        memory = ::operator new (kSlabBytes, std::align_val_t{4096}, std::nothrow);
      }
      if (memory == nullptr) fatal(FatalScope::current, "out of memory");
      directory_[slab] = static_cast<Record*>(memory);
    }
    Record* made = new (&record(total)) Record();
    carved_.store(total + 1, std::memory_order_release);  // pairs with those who walk
    return made;
  }

  SpinLock lock_;
  Record* free_ = nullptr;        // under lock_
  Record** directory_ = nullptr;  // of slabs; grows under lock_, entries below carved_ are fixed
  std::atomic<std::size_t> carved_{0};  // records made so far; grows under lock_
};

}  // namespace gort::base
