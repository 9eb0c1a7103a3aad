// The slow paths of rw_mutex: waiting readers and the waiting writer.
//
// One word says how many readers hold it, whether a writer does, and whether anybody waits. Readers
// add themselves first and look then; one that finds a writer, or somebody waiting, takes itself
// out again under the bucket's lock and queues. Writers first take a mutex among themselves, so
// that one at a time meets the readers: it takes the free word, or queues. Those in the queue are
// let in strictly in order, by whoever makes that possible, and hold the lock when they wake.
//
// Hence Go's rules: a writer that waits keeps new readers out, since they queue behind it; when it
// unlocks, all readers that waited go before the next writer, since that one queues behind them.
// And writers compete among themselves as for any mutex, which is fast.
//
// [V1] kPending is set whenever somebody is in the queue, and changes under the bucket's lock only.
//      While it is set, whoever brings the readers to zero, or ends writing, calls admit.
// [V2] An unlocker's last step is the instruction that frees the word; after it, the rw_mutex is
//      touched only if somebody is in its queue [U2].
// Runs inside the runtime; parks. Not here: fast paths (gort/detail/sync_core.hpp), the table
// (parking.h).
#include "base/assert.h"
#include "sync/parking.h"

namespace gort::detail {

using namespace gort::sync;

namespace {

constexpr std::uintptr_t kReaderTag = 0, kWriterTag = 1;
constexpr int kSpins = 60;  // as in mutex.cc

ParkingBucket& bucket_of(const rw_mutex_core* mutex) {
  return parking_buckets[parking_bucket(&mutex->state)];
}

// Free for a writer: nobody holds it. Counts of readers that are about to take themselves out may
// be in the way; they call admit too.
bool give_to_writer(std::atomic<std::uint32_t>& state) {
  std::uint32_t free = rw_mutex_core::kPending;
  return state.compare_exchange_strong(free, rw_mutex_core::kPending | rw_mutex_core::kWriter,
                                       std::memory_order_acq_rel, std::memory_order_relaxed);
}

// Lets in whoever may come in now. Under the bucket's lock; somebody waits, or the caller keeps the
// mutex alive.
Claimed admit(rw_mutex_core* mutex, ParkingBucket& bucket) {
  auto& state = mutex->state;
  Claimed admitted;
  while (Parked* waiter = bucket.queue.find(&state)) {
    const bool is_writer = waiter->tag == kWriterTag;
    if (is_writer) {
      if (!give_to_writer(state)) return admitted;
    } else {
      if ((state.load(std::memory_order_acquire) & rw_mutex_core::kWriter) != 0) return admitted;
      state.fetch_add(1, std::memory_order_acq_rel);
    }
    bucket.queue.remove(waiter);
    if (ParkingQueue::claim(waiter)) {
      admitted.add(waiter);
    } else {
      state.fetch_sub(is_writer ? rw_mutex_core::kWriter : 1, std::memory_order_acq_rel);
    }
  }
  state.fetch_and(~rw_mutex_core::kPending, std::memory_order_acq_rel);  // [V1]
  return admitted;
}

// For one who has let go of the mutex [V2], or is in its queue.
void admit_and_wake(rw_mutex_core* address, Section& section) {
  ParkingBucket& bucket = bucket_of(address);
  Claimed admitted;
  bucket.lock.lock();
  if (bucket.queue.find(&address->state) != nullptr) admitted = admit(address, bucket);
  bucket.lock.unlock();
  admitted.wake_all(section.thread());
}

// Stands in the queue and parks. The bucket's lock is held on entry, and `minus`, what the caller
// has in the word, is taken out once kPending is set. False if `ctx` was done first.
bool wait_in_queue(rw_mutex_core* mutex, Section& section, std::uintptr_t tag, std::uint32_t minus,
                   const context* ctx, WaitReason reason) {
  ParkingBucket& bucket = bucket_of(mutex);
  Parked waiter(&mutex->state);
  waiter.tag = tag;
  CancellableWait wait(section, waiter, done_of(ctx));
  bucket.queue.push_back(&waiter);
  mutex->state.fetch_or(rw_mutex_core::kPending, std::memory_order_acq_rel);
  mutex->state.fetch_sub(minus, std::memory_order_acq_rel);
  Claimed admitted = admit(mutex, bucket);  // us, perhaps: nobody else might look
  bucket.lock.unlock();
  admitted.wake_all(section.thread());
  const WaitOutcome outcome = wait.park_removing(reason, [&] {
    bucket.lock.lock();
    Claimed freed;
    if (waiter.queue != nullptr) {
      bucket.queue.remove(&waiter);
      freed = admit(mutex, bucket);  // a writer that gives up lets readers in
    }
    bucket.lock.unlock();
    freed.wake_all(section.thread());
  });
  return outcome == WaitOutcome::woken;
}

}  // namespace

// Our reader is in the word's count.
void rw_mutex_core::lock_shared_slow(const context* ctx) {
  {
    Section section;
    ParkingBucket& bucket = bucket_of(this);
    bucket.lock.lock();
    if ((state.load(std::memory_order_acquire) & ~kReaders) == 0) {  // let in meanwhile
      bucket.lock.unlock();
      return;
    }
    if (wait_in_queue(this, section, kReaderTag, 1, ctx, WaitReason::rw_mutex_rlock)) return;
  }
  throw_context_error(*ctx);
}

void rw_mutex_core::unlocked_shared_slow(rw_mutex_core* address, std::uint32_t before) {
  if ((before & kReaders) == 0) {
    base::fatal(base::FatalScope::current, "sync: RUnlock of unlocked RWMutex");
  }
  if ((before & kReaders) == 1) admit_waiters(address);
}

void rw_mutex_core::lock_slow(const context* ctx) {
  if (!sched::runs_alone()) {
    for (int i = 0; i < kSpins; ++i) {
      base::relax();
      std::uint32_t free = 0;
      if (state.load(std::memory_order_relaxed) == 0 &&
          state.compare_exchange_strong(free, kWriter, std::memory_order_acquire)) {
        return;
      }
    }
  }
  {
    Section section;
    bucket_of(this).lock.lock();
    if (wait_in_queue(this, section, kWriterTag, 0, ctx, WaitReason::rw_mutex_lock)) return;
  }
  writers.unlock();
  throw_context_error(*ctx);
}

void rw_mutex_core::admit_waiters(rw_mutex_core* address) {
  Section section;
  admit_and_wake(address, section);
}

void rw_mutex_core::fatal_unlock() {
  base::fatal(base::FatalScope::current, "sync: Unlock of unlocked RWMutex");
}

}  // namespace gort::detail
