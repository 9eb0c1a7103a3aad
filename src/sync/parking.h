// Where those stand who wait for a mutex or a rw_mutex: a table of queues, by the address waited
// for.
//
// Why not in the lock itself: an unlocker learns that somebody waits only after it has let go. By
// then another goroutine may have taken the lock, released it and ended the object it lies in. The
// table is always there; and a lock is a word, and its waiters cost it nothing while there are
// none.
//
// A bucket's queue holds the waiters of several addresses. Those of one address stand together, a
// run, in order; the first of a run knows the last. So what belongs to an address is found in as
// many steps as there are addresses in the bucket, however many wait for each.
//
// [U2] Under the bucket's lock, a waiter in the queue keeps the object at its address alive;
//      without one, the object must not be touched by somebody who has let go of it.
// Goroutines that were abandoned by the end of run() stay in their queues and are passed over.
// Runs inside the runtime. Not here: the locks (mutex.cc, rw_mutex.cc).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "gort/detail/sync_core.hpp"
#include "sync/wait_list.h"

namespace gort::sync {

// Its slot is the address it waits for.
struct Parked : Waiter {
  explicit Parked(void* address) { slot = address; }

  Parked* run_last = nullptr;  // in the first of a run
};

// All members under the bucket's lock.
class ParkingQueue {
 public:
  bool empty() const { return queue_.empty(); }

  // The first that waits for `address`, or null.
  Parked* find(const void* address) const {
    Parked* head = as_parked(queue_.first);
    while (head != nullptr && head->slot != address) head = as_parked(head->run_last->next);
    return head;
  }
  void push_back(Parked* waiter);
  void push_front(Parked* waiter);  // before the others of its address
  void remove(Parked* waiter);

  // Removes the first that waits for `address` and could be claimed, or returns null; those passed
  // over are removed. `removed` is told of each.
  template <class Removed>
  Parked* claim_first(const void* address, Removed removed) {
    while (Parked* waiter = find(address)) {
      remove(waiter);
      removed();
      if (claim(waiter)) return waiter;
    }
    return nullptr;
  }
  static bool claim(Parked* waiter) {
    if (waiter->goroutine->has(sched::kAbandoned)) return false;
    return waiter->choice == nullptr || waiter->choice->claim();
  }
  // Every run is in one piece and knows its end. For tests and assertions.
  bool check_invariants() const;

 private:
  static Parked* as_parked(Waiter* waiter) { return static_cast<Parked*>(waiter); }
  void insert_between(Waiter* previous, Waiter* waiter, Waiter* next);

  WaitQueue queue_;
};

struct alignas(64) ParkingBucket {
  ElidedLock lock;

  // --- under lock
  bool must_settle = false;  // it was calm: the first to wait needs a process_barrier [U1]
  std::uint32_t period = 0;  // how often it has become calm
  ParkingQueue queue;

  // --- atomic; all about mutexes (mutex.cc)
  std::atomic<std::uint32_t> waiters{0};        // in the queue; written under lock
  std::atomic<std::uint32_t> quiet{0};          // unlocks that found nobody waiting
  std::atomic<const void*> woken_for{nullptr};  // [U3]
  std::atomic<sched::Goroutine*> woken{nullptr};
};

extern constinit ParkingBucket parking_buckets[detail::kParkingBuckets];

}  // namespace gort::sync
