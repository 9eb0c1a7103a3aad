// Fixed-size records from slabs that are never unmapped: goroutines, threads.
//
// A record's memory stays a record for ever, so a stale pointer to one can always be read, and all
// records can be listed by walking the slabs: that is how a dump finds every goroutine. Slabs come
// from malloc, never from the collected heap: the collector must not own what it stops.
//
// The shared list is behind a lock; a processor takes and returns records in batches and keeps
// its own list (owner only), so that creating a goroutine takes no lock.
//
// [B1] A record is reachable from exactly one of: a processor's list, the shared list, its user.
// Runs on any thread. Not here: goroutine records' fields (sched/goroutine.h).
#pragma once

#include <cstddef>
#include <new>
#include <vector>

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

  // Every record ever carved, free ones included. The caller keeps records from being reused.
  template <class Visit>
  void for_each(Visit visit) {
    Guard guard(lock_);
    for (std::size_t slab = 0; slab < slabs_.size(); ++slab) {
      const bool last = slab + 1 == slabs_.size();
      const std::size_t count = last ? carved_ : kRecordsPerSlab;
      for (std::size_t i = 0; i < count; ++i) visit(slabs_[slab][i]);
    }
  }

  // The same for `count` records from the `first` on; false when there are none beyond.
  template <class Visit>
  bool visit_some(std::size_t first, std::size_t count, Visit visit) {
    Guard guard(lock_);
    const std::size_t total = slabs_.empty() ? 0 : (slabs_.size() - 1) * kRecordsPerSlab + carved_;
    for (std::size_t i = first; i < first + count && i < total; ++i) {
      visit(slabs_[i / kRecordsPerSlab][i % kRecordsPerSlab]);
    }
    return first + count < total;
  }

 private:
  Record* carve() {
    if (slabs_.empty() || carved_ == kRecordsPerSlab) {
      void* slab = ::operator new (kSlabBytes, std::align_val_t{4096}, std::nothrow);
      if (slab == nullptr) fatal(FatalScope::current, "out of memory");
      slabs_.push_back(static_cast<Record*>(slab));
      carved_ = 0;
    }
    return new (&slabs_.back()[carved_++]) Record();
  }

  SpinLock lock_;
  // under lock_
  Record* free_ = nullptr;
  std::vector<Record*> slabs_;
  std::size_t carved_ = 0;  // records in use of the last slab
};

}  // namespace gort::base
