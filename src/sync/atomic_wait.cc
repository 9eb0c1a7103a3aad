// Waiting until an atomic_ptr holds something else: its wait and notify.
//
// Those who wait stand in the table of waiters, by the address of the slot (parking.h), as those do
// who wait for a mutex: so an atomic_ptr is a word. Whoever waits looks at the slot under the
// bucket's lock, and so does whoever notifies, after its store: the waiter has seen the new value,
// or is found in the queue. One that is woken and sees the old value stands at the end again.
//
// Runs inside the runtime; wait parks. Not here: atomic_ptr (gort/ptr.hpp).
#include <atomic>

#include "sync/parking.h"

namespace gort::detail {

using namespace gort::sync;

void wait_reference(void* const* slot, const void* old) {
  Section section;
  ParkingBucket& bucket = parking_buckets[parking_bucket(slot)];
  void* const address = const_cast<void**>(slot);
  for (;;) {
    bucket.lock.lock();
    // acquire: pairs with the store of whoever changed it, notified or not.
    if (__atomic_load_n(slot, __ATOMIC_ACQUIRE) != old) return bucket.lock.unlock();
    Parked waiter(address);
    waiter.goroutine = section.goroutine();
    bucket.queue.push_back(&waiter);
    bucket.lock.unlock();
    section.park(WaitReason::atomic_wait);
  }
}

void notify_reference(const void* slot, bool all) {
  Section section;
  ParkingBucket& bucket = parking_buckets[parking_bucket(slot)];
  Claimed claimed;
  bucket.lock.lock();
  while (Parked* const waiter = bucket.queue.claim_first(slot, [] {})) {
    claimed.add(waiter);
    if (!all) break;
  }
  bucket.lock.unlock();
  claimed.wake_all(section.thread());
}

}  // namespace gort::detail
