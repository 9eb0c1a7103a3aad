// The heap itself, and which processor's heap a timer goes to.
//
// Callbacks run outside the heap's lock, so they may add and remove other timers. Runs inside the
// runtime. Not here: the design (timer.h).
#include "sched/timer.h"

#include "base/assert.h"
#include "sched/scheduler.h"
#include "sched/wake.h"

namespace gort::sched {

void TimerHeap::place(std::size_t position, Entry entry) {
  entries_[position] = entry;
  entry.timer->position = static_cast<std::uint32_t>(position);
}

void TimerHeap::sift_up(std::size_t position, Entry entry) {
  while (position > 0) {
    const std::size_t parent = (position - 1) / kArity;
    if (entries_[parent].when_ns <= entry.when_ns) break;
    place(position, entries_[parent]);
    position = parent;
  }
  place(position, entry);
}

void TimerHeap::sift_down(std::size_t position, Entry entry) {
  const std::size_t size = entries_.size();
  for (;;) {
    const std::size_t first = position * kArity + 1;
    if (first >= size) break;
    std::size_t least = first;
    const std::size_t end = first + kArity < size ? first + kArity : size;
    for (std::size_t child = first + 1; child < end; ++child) {
      if (entries_[child].when_ns < entries_[least].when_ns) least = child;
    }
    if (entry.when_ns <= entries_[least].when_ns) break;
    place(position, entries_[least]);
    position = least;
  }
  place(position, entry);
}

void TimerHeap::erase(std::size_t position) {
  count_user(entries_[position].timer, -1);
  const Entry last = entries_.back();
  entries_.pop_back();
  if (position == entries_.size()) return;
  if (position > 0 && last.when_ns < entries_[(position - 1) / kArity].when_ns) {
    sift_up(position, last);
  } else {
    sift_down(position, last);
  }
}

void TimerHeap::publish_next() {
  next_ns_.store(entries_.empty() ? base::kNever : entries_[0].when_ns, std::memory_order_relaxed);
}

void TimerHeap::queue(Timer* timer) {
  timer->heap.store(this, std::memory_order_relaxed);
  timer->state.store(Timer::queued, std::memory_order_relaxed);
  count_user(timer, 1);
  entries_.push_back({});
  sift_up(entries_.size() - 1, {timer->when_ns, timer});
  publish_next();
}

void TimerHeap::add(Timer* timer) {
  base::Guard guard(lock_);
  GORT_ASSERT(timer->state.load(std::memory_order_relaxed) == Timer::idle);
  queue(timer);
}

bool TimerHeap::remove(Timer* timer) {
  base::Guard guard(lock_);
  if (timer->heap.load(std::memory_order_relaxed) != this ||
      timer->state.load(std::memory_order_relaxed) != Timer::queued) {
    return false;
  }
  erase(timer->position);
  timer->state.store(Timer::idle, std::memory_order_relaxed);
  publish_next();
  return true;
}

bool TimerHeap::run_due(std::int64_t now_ns) {
  bool fired = false;
  while (next_ns() <= now_ns) {
    lock_.lock();
    if (entries_.empty() || entries_[0].when_ns > now_ns) {
      lock_.unlock();
      break;
    }
    Timer* timer = entries_[0].timer;
    erase(0);
    publish_next();
    const bool forget = timer->fire_and_forget;
    timer->state.store(forget ? Timer::idle : Timer::firing, std::memory_order_relaxed);
    lock_.unlock();
    const std::int64_t again_ns = timer->fire(timer, now_ns);
    fired = true;
    if (forget) continue;
    base::Guard guard(lock_);
    if (again_ns != 0) {
      timer->when_ns = again_ns;
      queue(timer);
    } else {
      timer->state.store(Timer::idle, std::memory_order_release);  // pairs with remove_timer [M2]
    }
  }
  return fired;
}

void TimerHeap::move_all(TimerHeap* to) {
  std::vector<Entry> moved;
  {
    base::Guard guard(lock_);
    moved.swap(entries_);
    users_.store(0, std::memory_order_relaxed);
    publish_next();
  }
  for (const Entry& entry : moved) {
    entry.timer->state.store(Timer::idle, std::memory_order_relaxed);
    to->add(entry.timer);
  }
}

void TimerHeap::forget_users() {
  base::Guard guard(lock_);
  std::vector<Entry> all;
  all.swap(entries_);
  users_.store(0, std::memory_order_relaxed);
  for (const Entry& entry : all) {
    entry.timer->state.store(Timer::idle, std::memory_order_relaxed);
    if (entry.timer->system) queue(entry.timer);
  }
  publish_next();
}

bool TimerHeap::check_invariants() {
  base::Guard guard(lock_);
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].timer->position != i) return false;
    if (i > 0 && entries_[(i - 1) / kArity].when_ns > entries_[i].when_ns) return false;
  }
  return next_ns() == (entries_.empty() ? base::kNever : entries_[0].when_ns);
}

void add_timer(Thread* thread, Timer* timer) {
  if (thread->processor != nullptr) [[likely]] {
    thread->processor->timers.add(timer);
    return;
  }
  // A foreign thread: no loop of its own will look at a heap, so somebody must hear of it.
  const std::int64_t when_ns = timer->when_ns;
  scheduler.processors[0]->timers.add(timer);
  timers_changed(when_ns);
}

bool remove_timer(Timer* timer) {
  base::Backoff backoff;
  for (;;) {
    TimerHeap* heap = timer->heap.load(std::memory_order_relaxed);
    if (heap == nullptr) return false;
    if (heap->remove(timer)) return true;
    switch (timer->state.load(std::memory_order_acquire)) {
      case Timer::idle: return false;
      case Timer::firing: backoff.step(); break;  // [M2]
      case Timer::queued: break;                  // moved to another heap meanwhile
    }
  }
}

}  // namespace gort::sched
