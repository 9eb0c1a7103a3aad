// The slow paths of mutex: spinning, parking, waking, handing over.
//
// Unlocking needs no atomic read-modify-write: it stores 0, then looks whether anybody waits. That is the asymmetric
// handshake of sched/safepoint.h again:
//
//      unlocker:   state = 0;       read count;          waiter:   ++count;   process_barrier();   read state;
//
// [U1] A waiter parks only after it has counted itself, executed a process-wide barrier and then seen the lock held. So
//      either the unlocker sees it counted, or it sees the lock free. The barrier costs microseconds, but only on
//      the way to parking; where the kernel has none, unlock executes a fence (unlock_needs_fence).
// [U2] After it has stored 0 an unlocker touches the mutex only if a waiter for it is in the bucket: another goroutine may
//      have taken, left and destroyed it meanwhile. Hence counts and queues lie in buckets by address, as in a
//      parking lot, and a mutex is four bytes.
//
// Who wakes a waiter does not give it the lock: it competes, and whoever runs usually wins, which is fast. A waiter that
// lost for more than a millisecond sets kStarving: then unlock hands the lock over in order, without freeing it, until
// the last waiter or one that did not wait long gets it. So nobody starves, as in Go.
// Runs inside the runtime; parks. Not here: the fast path (gort/detail/sync_core.hpp).
#include "base/assert.h"
#include "base/event.h"
#include "base/os_linux.h"
#include "sync/wait_list.h"

namespace gort::detail {

using namespace gort::sync;

std::atomic<bool> unlock_needs_fence{false};
parking_count parking_counts[kParkingBuckets];

namespace {

constexpr std::int64_t kStarvingNs = 1'000'000;  // Go's
constexpr int kSpins = 60;  // about a microsecond: less than parking costs, more than most sections
constexpr int kYields = 3;

// The queues behind parking_counts. A waiter's slot is the address of its mutex.
struct alignas(64) Bucket {
  ElidedLock lock;
  WaitQueue queue;
};
constinit Bucket buckets[kParkingBuckets];

// Under the bucket's lock.
void remove(std::size_t bucket, Waiter* waiter) {
  buckets[bucket].queue.unlink(waiter);
  parking_counts[bucket].waiters.fetch_sub(1, std::memory_order_relaxed);
}

Waiter* first_for(const mutex_core* mutex, Waiter* from) {
  while (from != nullptr && from->slot != mutex) from = from->next;
  return from;
}

// The first waiter for `mutex` that could be claimed, or null. Under the bucket's lock.
Waiter* claim(const mutex_core* mutex, std::size_t bucket) {
  while (Waiter* waiter = first_for(mutex, buckets[bucket].queue.first)) {
    remove(bucket, waiter);
    if (waiter->choice == nullptr || waiter->choice->claim()) return waiter;
  }
  return nullptr;
}

// Waits a little for a holder that runs on another processor, then lets others run here.
bool spin_for(mutex_core& mutex, Section& section) {
  if (!sched::runs_alone()) {
    for (int i = 0; i < kSpins; ++i) {
      base::relax();
      if (mutex.state.load(std::memory_order_relaxed) == 0 && mutex.try_lock()) return true;
    }
  }
  for (int i = 0; i < kYields && sched::others_wait(section.thread()); ++i) {
    section.yield();
    if (mutex.try_lock()) return true;
  }
  return false;
}

enum class Wait { locked, woken, cancelled };

// One round: count ourselves, look once more, park.
Wait wait_once(mutex_core& mutex, Section& section, const context* ctx, bool was_woken,
               bool starving) {
  const std::size_t index = parking_bucket(&mutex);
  Bucket& bucket = buckets[index];
  Waiter waiter;
  waiter.slot = &mutex;
  CancellableWait wait(section, waiter, done_of(ctx));
  bucket.lock.lock();
  parking_counts[index].waiters.fetch_add(1, std::memory_order_seq_cst);
  was_woken ? bucket.queue.push_front(&waiter) : bucket.queue.push_back(&waiter);
  if (starving) {
    // Only a lock that is held can be handed over.
    std::uint32_t held = mutex_core::kHeld;
    mutex.state.compare_exchange_strong(held, mutex_core::kHeld | mutex_core::kStarving);
  }
  bucket.lock.unlock();
  if (base::os::has_process_barrier()) {
    base::os::process_barrier();  // [U1]
  } else {
    unlock_needs_fence.store(true, std::memory_order_seq_cst);
  }
  const auto take_out = [&] {
    bucket.lock.lock();
    const bool queued = waiter.queue != nullptr;
    if (queued) remove(index, &waiter);
    bucket.lock.unlock();
    return queued;
  };
  if (mutex.try_lock()) {
    if (!take_out()) section.park(WaitReason::mutex_lock);  // claimed: the wake-up is on its way
    return Wait::locked;
  }
  if (wait.park_removing(WaitReason::mutex_lock, [&] { take_out(); }) == WaitOutcome::done) {
    return Wait::cancelled;
  }
  return waiter.success ? Wait::locked : Wait::woken;
}

// With the lock held: ends starving mode if nobody else waits or the hurry is over.
void leave_starving_mode(mutex_core& mutex, bool waited_long) {
  const std::size_t index = parking_bucket(&mutex);
  Bucket& bucket = buckets[index];
  bucket.lock.lock();
  if (!waited_long || first_for(&mutex, bucket.queue.first) == nullptr) {
    mutex.state.store(mutex_core::kHeld, std::memory_order_seq_cst);
  }
  bucket.lock.unlock();
}

// False if `ctx` was done first.
bool lock_contended(mutex_core& mutex, const context* ctx) {
  Section section;
  if (spin_for(mutex, section)) return true;
  const std::int64_t start = base::now_ns();
  bool woken = false;
  bool starving = false;
  for (;;) {
    const Wait outcome = wait_once(mutex, section, ctx, woken, starving);
    if (outcome == Wait::cancelled) return false;
    const bool waited_long = base::now_ns() - start > kStarvingNs;
    if (outcome == Wait::locked || mutex.try_lock()) {
      if (mutex.state.load(std::memory_order_relaxed) & mutex_core::kStarving) {
        leave_starving_mode(mutex, waited_long);
      }
      return true;
    }
    woken = true;
    starving = waited_long;
  }
}

}  // namespace

void mutex_core::lock_slow(const context* ctx) {
  if (!lock_contended(*this, ctx)) throw_context_error(*ctx);
}

void mutex_core::wake_one(mutex_core* address, std::size_t index) {
  Section section;
  Bucket& bucket = buckets[index];
  Waiter* waiter = nullptr;
  bucket.lock.lock();
  // A waiter in the bucket keeps the mutex alive [U2]. Whoever holds it now will look when it unlocks.
  if (first_for(address, bucket.queue.first) != nullptr &&
      address->state.load(std::memory_order_seq_cst) == 0) {
    waiter = claim(address, index);
  }
  bucket.lock.unlock();
  if (waiter != nullptr) wake(section.thread(), waiter);
}

void mutex_core::unlock_slow() {
  if (state.load(std::memory_order_relaxed) == 0) {
    base::fatal(base::FatalScope::current, "sync: unlock of unlocked mutex");
  }
  Section section;
  const std::size_t index = parking_bucket(this);
  Bucket& bucket = buckets[index];
  bucket.lock.lock();
  Waiter* waiter = claim(this, index);
  if (waiter != nullptr) {
    waiter->success = true;  // it stays held: it is the next one's
  } else {
    state.store(0, std::memory_order_seq_cst);
  }
  bucket.lock.unlock();
  if (waiter != nullptr) wake(section.thread(), waiter);
}

}  // namespace gort::detail
