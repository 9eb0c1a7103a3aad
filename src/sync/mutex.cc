// The slow paths of mutex: spinning, parking, waking, handing over.
//
// Unlocking needs no atomic read-modify-write: it stores 0, then looks whether it must attend to
// waiters. That is the asymmetric handshake of sched/safepoint.h again:
//
//      unlocker:  state = 0;  read calm;         first to wait:  calm = 0;  barrier;  read state;
//
// The barrier (process_barrier) costs microseconds, but only the first who waits pays it: a bucket
// of the table stays attended after that, and in an attended bucket an unlocker executes a fence of
// its own before it looks at the number of waiters. It becomes calm again when so many unlocks in a
// row found nobody waiting that their fences cost as much as a barrier. Where the kernel has no
// such barrier no bucket ever becomes calm; all start attended, so a short program needs none.
//
// [U1] A waiter parks only after it was counted in `waiters` and has then seen the mutex held, in a
//      bucket that has not been calm since a barrier was executed. An unlocker that read calm == 1
//      did so before that barrier, so its store of 0 is visible after it; one that read 0 executes
//      a fence between its store and reading `waiters`. Either way one of the two sees the other.
// [U3] One waiter of a mutex at a time is on its way, woken and about to compete: `woken_for` names
//      the mutex, and unlockers wake nobody else meanwhile. It clears that before it tries to lock,
//      so an unlocker that still saw it set has freed the mutex before it tries.
//
// Who wakes a waiter does not give it the lock: it competes, and whoever runs usually wins, which
// is fast. A waiter that lost for more than a millisecond sets kStarving: then unlock hands the
// lock over in order, without freeing it, until the last waiter or one that did not wait long gets
// it. So nobody starves, as in Go. (An unlocker just before its store may overwrite that bit; then
// the waiter sets it again when it has lost once more.) Runs inside the runtime; parks. Not here:
// the fast path (gort/detail/sync_core.hpp), the table (parking.h).
#include "base/assert.h"
#include "base/event.h"
#include "base/os_linux.h"
#include "sync/parking.h"

namespace gort::detail {

using namespace gort::sync;

namespace {

constexpr std::int64_t kStarvingNs = 1'000'000;  // Go's
// A microsecond or two: less than parking and being woken by another thread, more than most
// critical sections.
constexpr int kSpins = 60;
// A fence costs 2 ns, a barrier 13 us while another CPU is busy.
constexpr std::uint32_t kQuietUnlocks = 8192;

// Waits a little for a holder that runs on another processor.
bool spin_for(mutex_core& mutex) {
  if (sched::runs_alone()) return false;
  for (int i = 0; i < kSpins; ++i) {
    base::relax();
    const std::uint32_t seen = mutex.state.load(std::memory_order_relaxed);
    if (seen & mutex_core::kStarving) return false;
    if (seen == 0 && mutex.try_lock()) return true;
  }
  return false;
}

// A woken waiter is about to compete: the next unlock may wake another [U3].
void has_arrived(ParkingBucket& bucket, const mutex_core* mutex) {
  const void* expected = mutex;
  bucket.woken_for.compare_exchange_strong(expected, nullptr, std::memory_order_seq_cst);
}

// One wait: stands in the queue, looks once more, parks.
class MutexWait {
 public:
  enum Outcome : std::uint8_t { locked, woken, cancelled };

  MutexWait(mutex_core& mutex, Section& section, Channel* done)
      : mutex_(mutex),
        bucket_(parking_buckets[parking_bucket(&mutex)]),
        section_(section),
        waiter_(&mutex),
        wait_(section, waiter_, done) {}

  Outcome run(bool was_woken, bool starving) {
    stand_in_queue(was_woken, starving);
    if (mutex_.try_lock()) {
      if (!take_out()) {  // claimed: the wake-up is on its way and must be taken
        section_.park(WaitReason::mutex_lock);
        has_arrived(bucket_, &mutex_);
      }
      return locked;
    }
    const WaitOutcome outcome = wait_.park_removing(WaitReason::mutex_lock, [this] { take_out(); });
    if (outcome == WaitOutcome::done) return cancelled;
    if (waiter_.success) return locked;
    has_arrived(bucket_, &mutex_);
    return woken;
  }

 private:
  void stand_in_queue(bool was_woken, bool starving) {
    bucket_.lock.lock();
    const bool must_settle = bucket_.must_settle;
    const std::uint32_t period = bucket_.period;
    was_woken ? bucket_.queue.push_front(&waiter_) : bucket_.queue.push_back(&waiter_);
    bucket_.quiet.store(0, std::memory_order_relaxed);
    parking_calm[parking_bucket(&mutex_)].store(0, std::memory_order_relaxed);
    bucket_.waiters.fetch_add(1, std::memory_order_seq_cst);  // pairs with unlocked_attended [U1]
    if (starving) {
      // Only a lock that is held can be handed over.
      std::uint32_t held = mutex_core::kHeld;
      mutex_.state.compare_exchange_strong(held, mutex_core::kHeld | mutex_core::kStarving);
    }
    bucket_.lock.unlock();
    if (must_settle) settle(period);
    base::interleave();
  }
  // Others who come meanwhile do the same.
  void settle(std::uint32_t period) {
    base::os::process_barrier();
    base::Guard guard(bucket_.lock);
    if (bucket_.period == period) bucket_.must_settle = false;
  }
  // False if somebody else has taken it out.
  bool take_out() {
    base::Guard guard(bucket_.lock);
    if (waiter_.queue == nullptr) return false;
    bucket_.queue.remove(&waiter_);
    bucket_.waiters.fetch_sub(1, std::memory_order_relaxed);
    return true;
  }

  mutex_core& mutex_;
  ParkingBucket& bucket_;
  Section& section_;
  Parked waiter_;
  CancellableWait wait_;
};

// The next of `mutex` to be woken, or null. Under the bucket's lock.
Parked* claim_next(ParkingBucket& bucket, const mutex_core* mutex) {
  return bucket.queue.claim_first(
      mutex, [&bucket] { bucket.waiters.fetch_sub(1, std::memory_order_relaxed); });
}

// With the lock held: ends starving mode if nobody else waits or the hurry is over.
void leave_starving_mode(mutex_core& mutex, bool waited_long) {
  ParkingBucket& bucket = parking_buckets[parking_bucket(&mutex)];
  base::Guard guard(bucket.lock);
  if (waited_long && bucket.queue.find(&mutex) != nullptr) return;
  mutex.state.store(mutex_core::kHeld, std::memory_order_relaxed);
}

// False if `ctx` was done first.
bool lock_contended(mutex_core& mutex, const context* ctx) {
  Section section;
  Channel* const done = done_of(ctx);
  const std::int64_t start_ns = base::now_ns();
  bool was_woken = false;
  bool starving = false;
  for (;;) {
    const auto outcome = MutexWait(mutex, section, done).run(was_woken, starving);
    if (outcome == MutexWait::cancelled) return false;
    if (outcome == MutexWait::locked || mutex.try_lock()) {
      if (mutex.state.load(std::memory_order_relaxed) & mutex_core::kStarving) {
        leave_starving_mode(mutex, base::now_ns() - start_ns > kStarvingNs);
      }
      return true;
    }
    was_woken = true;
    starving = base::now_ns() - start_ns > kStarvingNs;
  }
}

[[gnu::noinline]] void wake_next(const mutex_core* mutex, ParkingBucket& bucket) {
  Section section;
  Parked* waiter = nullptr;
  bucket.lock.lock();
  // A waiter in the queue keeps the mutex alive [U2]. Whoever holds it now will look when it
  // unlocks.
  if (bucket.queue.find(mutex) != nullptr && mutex->state.load(std::memory_order_seq_cst) == 0) {
    waiter = claim_next(bucket, mutex);
    if (waiter != nullptr) {
      bucket.woken.store(waiter->goroutine, std::memory_order_relaxed);
      bucket.woken_for.store(mutex, std::memory_order_seq_cst);
    }
  }
  bucket.lock.unlock();
  if (waiter != nullptr) wake(section.thread(), waiter);
}

// Nobody has waited for long: unlockers need not look any more.
[[gnu::noinline]] void calm_down(ParkingBucket& bucket, std::size_t index) {
  bucket.quiet.store(0, std::memory_order_relaxed);
  if (!base::os::has_process_barrier()) return;
  Section section;
  base::Guard guard(bucket.lock);
  if (bucket.waiters.load(std::memory_order_relaxed) != 0) return;
  bucket.must_settle = true;
  ++bucket.period;
  parking_calm[index].store(1, std::memory_order_relaxed);
}

}  // namespace

void mutex_core::lock_slow(const context* ctx) {
  if (spin_for(*this)) return;
  if (!lock_contended(*this, ctx)) throw_context_error(*ctx);
}

void mutex_core::unlocked_attended(mutex_core* address, std::size_t index) noexcept {
  std::atomic_thread_fence(std::memory_order_seq_cst);  // pairs with stand_in_queue [U1]
  base::interleave();
  ParkingBucket& bucket = parking_buckets[index];
  if (bucket.waiters.load(std::memory_order_relaxed) == 0) {
    const std::uint32_t quiet = bucket.quiet.load(std::memory_order_relaxed) + 1;
    bucket.quiet.store(quiet, std::memory_order_relaxed);
    if (quiet >= kQuietUnlocks) [[unlikely]]
      calm_down(bucket, index);
    return;
  }
  if (bucket.woken_for.load(std::memory_order_seq_cst) == address) {
    // Unless run() has ended and it will never arrive.
    if (!bucket.woken.load(std::memory_order_relaxed)->has(sched::kAbandoned)) return;
  }
  wake_next(address, bucket);
}

void mutex_core::unlock_slow() {
  if (state.load(std::memory_order_relaxed) == 0) {
    base::fatal(base::FatalScope::current, "sync: unlock of unlocked mutex");
  }
  Section section;
  ParkingBucket& bucket = parking_buckets[parking_bucket(this)];
  bucket.lock.lock();
  Parked* const waiter = claim_next(bucket, this);
  if (waiter != nullptr) {
    waiter->success = true;  // it stays held: it is the next one's
  } else {
    state.store(0, std::memory_order_seq_cst);  // who comes now sees it, or has been seen above
  }
  bucket.lock.unlock();
  if (waiter != nullptr) wake(section.thread(), waiter);
}

unsigned thread_hint() noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(base::current_thread());
  return static_cast<unsigned>(static_cast<std::uint64_t>(address) * 0x9e3779b97f4a7c15u >> 32);
}

}  // namespace gort::detail
