// Select: doing one of several channel operations, whichever can be done first.
//
// Three passes, each entered only if the one before chose nothing.
//
// 1. Look at each channel without its lock and, of those that look ready, try one at random under
//    that channel's lock alone; the operation happens there. A ready select costs little more than
//    the operation. One random number is drawn, and only if several look ready.
// 2. Nothing could be done, or a channel was emptied meanwhile. Lock all channels, in the order of
//    their addresses and each once; do one that is ready, chosen at random. If none is, the default
//    case may be taken: at this moment, none was.
// 3. Else, still with all locks, stand in all queues with one choice; unlock, park. Whoever serves
//    one of the waiters has claimed the choice and has done the operation. Awake, leave the other
//    queues, each under its own lock.
//
// A time limit is one more contender for the choice: a timer on this stack. A waiter that was
// claimed but not served (its channel was closed, or moving the value threw) goes through pass 2
// again [C6], so those outcomes need no code here. A select cannot meet itself: it stands in queues
// only while it is parked.
//
// Memory for passes 2 and 3 is on the stack up to kMostOnStack operations, beyond that (only lists
// made at run time are so long) from the allocator, before anything is locked.
//
// Runs on goroutines and attached threads; parks. Not here: the typed cases (gort/select.hpp), one
// operation (chan.h).
#include <algorithm>
#include <bit>
#include <limits>
#include <memory>

#include "gort/error.hpp"
#include "gort/select_case.hpp"
#include "sync/chan_steps.h"

namespace gort::sync {
namespace {

using detail::kNotChosen;
using detail::kNoWait;
using detail::kWaitForever;
using detail::select_entry;
using sched::Thread;

constexpr std::size_t kMostOnStack = 64;  // also the width of pass 1's set

[[gnu::always_inline]] inline bool looks_ready(const select_entry& entry) {
  const Channel* c = entry.channel;
  if (c == nullptr) return false;
  return entry.is_send ? looks_ready_to_send(c) : looks_ready_to_recv(c);
}

// Under the lock of the entry's channel.
[[gnu::always_inline]] inline Step attempt(select_entry& entry, Waiter** woken) {
  Channel* c = entry.channel;
  if (entry.is_send) return send_step<AnyMover>(c, entry.slot, woken);
  const Step step = recv_step<AnyMover>(c, entry.slot, woken);
  entry.ok = step == Step::done;
  return step;
}

// Pass 1 for one operation. True if it was done; then everything is released and left.
[[gnu::flatten]] bool try_alone(Thread* thread, select_entry& entry) {
  Channel* const c = entry.channel;
  Waiter* woken = nullptr;
  c->lock.lock();
  Step step;
  try {
    step = attempt(entry, &woken);
  } catch (...) {
    c->lock.unlock();
    if (woken != nullptr) wake(thread, woken);
    sched::leave(thread);
    throw;
  }
  c->lock.unlock();
  if (step == Step::wait) [[unlikely]]
    return false;  // somebody was faster
  if (woken != nullptr) wake(thread, woken);
  sched::leave(thread);
  if (step == Step::closed && entry.is_send) throw_send_on_closed();
  return true;
}

unsigned nth_bit(std::uint64_t set, unsigned n) {
  for (; n > 0; --n) set &= set - 1;
  return static_cast<unsigned>(std::countr_zero(set));
}

// Pass 1. Inside; has left if it returns an index.
std::size_t choose_unlocked(Thread* thread, select_entry* entries, std::size_t count) {
  std::uint64_t ready = 0;
  for (std::size_t i = 0; i < count; ++i) {
    ready |= static_cast<std::uint64_t>(looks_ready(entries[i])) << i;
  }
  while (ready != 0) {
    unsigned chosen = static_cast<unsigned>(std::countr_zero(ready));
    if ((ready & (ready - 1)) != 0) {
      chosen =
          nth_bit(ready, sched::random_below(thread, static_cast<unsigned>(std::popcount(ready))));
    }
    if (try_alone(thread, entries[chosen])) return chosen;
    ready &= ~(std::uint64_t{1} << chosen);
  }
  return kNotChosen;
}

// One select that found nothing in pass 1.
class SlowSelect {
 public:
  // Room for one operation in each array; both uninitialised.
  SlowSelect(select_entry* entries, std::size_t count, Waiter* waiters, Channel** channels)
      : entries_(entries), count_(count), waiters_(waiters), channels_(channels) {
    sort_channels();
  }
  SlowSelect(const SlowSelect&) = delete;
  SlowSelect& operator=(const SlowSelect&) = delete;

  std::size_t run(std::int64_t wait_ns, WaitReason reason);

 private:
  struct Limit : sched::Timer {
    SlowSelect* select;
    sched::Goroutine* goroutine;
    bool expired = false;
  };
  static std::int64_t expire(sched::Timer* timer, std::int64_t now_ns);

  void sort_channels();
  void lock_all();
  void unlock_all();
  std::size_t find_ready(Thread* thread) const;
  std::size_t choose_locked(Thread* thread);
  void enqueue_all(sched::Goroutine* goroutine);
  Thread* park_all(Thread* thread, std::int64_t deadline_ns, WaitReason reason, bool* expired);
  std::size_t dequeue_all();

  select_entry* const entries_;
  const std::size_t count_;
  Waiter* const waiters_;     // one per operation, constructed while parked
  Channel** const channels_;  // distinct, by address
  std::size_t channel_count_ = 0;
  Choice choice_;
};

void SlowSelect::sort_channels() {
  for (std::size_t i = 0; i < count_; ++i) {
    if (entries_[i].channel != nullptr) channels_[channel_count_++] = entries_[i].channel;
  }
  if (channel_count_ > 1) {
    std::sort(channels_, channels_ + channel_count_, std::less<>());
    channel_count_ =
        static_cast<std::size_t>(std::unique(channels_, channels_ + channel_count_) - channels_);
  }
}

void SlowSelect::lock_all() {
  for (std::size_t i = 0; i < channel_count_; ++i) channels_[i]->lock.lock();
}
void SlowSelect::unlock_all() {
  for (std::size_t i = channel_count_; i-- > 0;) channels_[i]->lock.unlock();
}

// One of those that look ready, each with the same probability.
std::size_t SlowSelect::find_ready(Thread* thread) const {
  std::size_t found = kNotChosen;
  std::uint32_t seen = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    if (!looks_ready(entries_[i])) continue;
    if (++seen == 1 || sched::random_below(thread, seen) == 0) found = i;
  }
  return found;
}

// Pass 2, with all locks. If it returns an index, all is released and left; if it throws, too.
std::size_t SlowSelect::choose_locked(Thread* thread) {
  for (;;) {
    const std::size_t chosen = find_ready(thread);
    if (chosen == kNotChosen) return kNotChosen;
    Waiter* woken = nullptr;
    Step step;
    try {
      step = attempt(entries_[chosen], &woken);
    } catch (...) {
      unlock_all();
      if (woken != nullptr) wake(thread, woken);
      sched::leave(thread);
      throw;
    }
    // Those who made it look ready have been served elsewhere; they are unlinked now, so it no
    // longer does.
    if (step == Step::wait) continue;
    unlock_all();
    if (woken != nullptr) wake(thread, woken);
    sched::leave(thread);
    if (step == Step::closed && entries_[chosen].is_send) throw_send_on_closed();
    return chosen;
  }
}

void SlowSelect::enqueue_all(sched::Goroutine* goroutine) {
  choice_.taken.store(0, std::memory_order_relaxed);
  for (std::size_t i = 0; i < count_; ++i) {
    const select_entry& entry = entries_[i];
    if (entry.channel == nullptr) continue;
    Waiter* waiter = ::new (&waiters_[i]) Waiter;
    waiter->goroutine = goroutine;
    waiter->choice = &choice_;
    waiter->slot = entry.slot;
    entry.is_send ? entry.channel->add_sender(waiter) : entry.channel->add_receiver(waiter);
  }
}

// Leaves all queues; the operation that was done, if one was.
std::size_t SlowSelect::dequeue_all() {
  std::size_t served = kNotChosen;
  for (std::size_t i = 0; i < count_; ++i) {
    Channel* const c = entries_[i].channel;
    if (c == nullptr) continue;
    // Written only by who has claimed the choice, before waking us.
    if (waiters_[i].success) {
      served = i;
      continue;
    }
    base::Guard guard(c->lock);
    c->remove(&waiters_[i]);
  }
  return served;
}

std::int64_t SlowSelect::expire(sched::Timer* timer, std::int64_t) {
  auto* limit = static_cast<Limit*>(timer);
  if (limit->select->choice_.claim()) {
    limit->expired = true;
    sched::ready_last(base::current_thread(), limit->goroutine);
  }
  return 0;
}

// Pass 3, standing in all queues, holding no lock.
Thread* SlowSelect::park_all(Thread* thread, std::int64_t deadline_ns, WaitReason reason,
                             bool* expired) {
  if (deadline_ns == base::kNever) return sched::park(thread, reason);
  Limit limit;
  limit.when_ns = deadline_ns;
  limit.fire = expire;
  limit.select = this;
  limit.goroutine = thread->current;
  sched::add_timer(thread, &limit);
  thread = sched::park(thread, reason);
  sched::remove_timer(&limit);  // also when it has expired: its callback may still be running [M2]
  *expired = limit.expired;
  return thread;
}

std::size_t SlowSelect::run(std::int64_t wait_ns, WaitReason reason) {
  std::int64_t deadline_ns = base::kNever;
  if (wait_ns > 0 && wait_ns != kWaitForever) {
    if (__builtin_add_overflow(base::now_ns(), wait_ns, &deadline_ns))
      deadline_ns = base::kNever - 1;
  }
  Thread* thread = sched::enter();
  for (;;) {
    lock_all();
    const std::size_t chosen = choose_locked(thread);
    if (chosen != kNotChosen) return chosen;
    if (wait_ns <= 0) {
      unlock_all();
      sched::leave(thread);
      return kNotChosen;
    }
    enqueue_all(thread->current);
    unlock_all();
    bool expired = false;
    thread = park_all(thread, deadline_ns, reason, &expired);
    const std::size_t served = dequeue_all();
    if (served != kNotChosen || expired) {
      sched::leave(thread);
      if (served != kNotChosen) entries_[served].ok = true;
      return served;
    }
  }
}

[[gnu::noinline]] std::size_t select_on_stack(select_entry* entries, std::size_t count,
                                              std::int64_t wait_ns, WaitReason reason) {
  auto* waiters = static_cast<Waiter*>(__builtin_alloca(count * sizeof(Waiter)));
  auto** channels = static_cast<Channel**>(__builtin_alloca(count * sizeof(Channel*)));
  return SlowSelect(entries, count, waiters, channels).run(wait_ns, reason);
}

[[gnu::noinline]] std::size_t select_in_heap(select_entry* entries, std::size_t count,
                                             std::int64_t wait_ns, WaitReason reason) {
  const std::unique_ptr<Waiter[]> waiters(new Waiter[count]);
  const std::unique_ptr<Channel*[]> channels(new Channel*[count]);
  return SlowSelect(entries, count, waiters.get(), channels.get()).run(wait_ns, reason);
}

[[gnu::noinline]] std::size_t select_slow(select_entry* entries, std::size_t count,
                                          std::int64_t wait_ns, WaitReason reason) {
  // With one operation the look in pass 1 was the moment at which none was ready.
  if (wait_ns <= 0 && count <= 1) return kNotChosen;
  if (count == 0 && wait_ns == kWaitForever) reason = WaitReason::select_no_cases;
  if (count > kMostOnStack) return select_in_heap(entries, count, wait_ns, reason);
  return select_on_stack(entries, count, wait_ns, reason);
}

std::size_t select_as(select_entry* entries, std::size_t count, std::int64_t wait_ns,
                      WaitReason reason) {
  if (count <= kMostOnStack) [[likely]] {
    Thread* const thread = sched::enter();
    const std::size_t chosen = choose_unlocked(thread, entries, count);
    if (chosen != kNotChosen) [[likely]]
      return chosen;
    sched::leave(thread);
  }
  return select_slow(entries, count, wait_ns, reason);
}

}  // namespace
}  // namespace gort::sync

namespace gort::detail {

std::size_t select_from(select_entry* entries, std::size_t count, std::int64_t wait_ns) {
  return sync::select_as(entries, count, wait_ns, WaitReason::select);
}

bool chan_send_until(sync::Channel* channel, void* value, sync::Channel* done) {
  char nothing;
  select_entry entries[] = {{channel, value, true, false}, {done, &nothing, false, false}};
  return sync::select_as(entries, 2, kWaitForever,
                         channel != nullptr ? WaitReason::chan_send : WaitReason::chan_send_nil) ==
         0;
}

recv_until chan_recv_until(sync::Channel* channel, void* into, sync::Channel* done) {
  char nothing;  // a done channel is closed and nothing else; its element has no bytes
  select_entry entries[] = {{channel, into, false, false}, {done, &nothing, false, false}};
  const std::size_t chosen =
      sync::select_as(entries, 2, kWaitForever,
                      channel != nullptr ? WaitReason::chan_receive : WaitReason::chan_receive_nil);
  if (chosen != 0) return recv_until::done;
  return entries[0].ok ? recv_until::value : recv_until::closed;
}

}  // namespace gort::detail

namespace gort {

// The list as the core wants it: one entry per case, so indices agree; a limit is an entry of a nil
// channel.
int select(std::span<select_case> cases) {
  detail::select_entry few[sync::kMostOnStack];
  std::unique_ptr<detail::select_entry[]> many;
  if (cases.size() > sync::kMostOnStack) many.reset(new detail::select_entry[cases.size()]);
  detail::select_entry* const entries = many ? many.get() : few;

  std::int64_t wait_ns = detail::kWaitForever;
  std::size_t limited_by = 0;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    entries[i] = cases[i].box_->entry();
    if (const std::int64_t limit = cases[i].box_->wait_ns(); limit < wait_ns) {
      wait_ns = limit;
      limited_by = i;
    }
  }
  std::size_t chosen = detail::select_from(entries, cases.size(), wait_ns);
  bool ok = false;
  if (chosen != detail::kNotChosen) {
    ok = entries[chosen].ok;
  } else {
    chosen = limited_by;
  }
  cases[chosen].box_->finish(ok);
  return static_cast<int>(chosen);
}

}  // namespace gort
