// Timers: a four-ary heap per processor.
//
// Adding and stopping are what programs do a million times; firing is rare. So a timer knows its
// place in the heap and leaves it at once when stopped: no zombie is left behind, and what a
// stopped timer refers to can go away. Four children per node halve the depth, and the deadlines
// lie in the heap's own array, so sifting touches no timer but those it moves.
//
// States:  idle --add--> queued --run_due--> firing --(callback returns 0)--> idle
//                          | '---(callback returns a time)---'
//                          '-----remove----> idle
// [M1] A timer's callback runs inside the runtime on a scheduler's behalf: it readies goroutines,
//      sends without blocking, or starts a goroutine; it never parks and never throws.
// [M2] remove() returns only when the callback is not running, so the timer's memory is the
//      caller's again; except for fire-and-forget timers, whose callback is the last that touches
//      them.
// Runs on any thread inside the runtime; the heap has its own lock. Not here: who looks at the
// heaps when (loop.cc, idle.cc), the public timer (sync/timers.cc).
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "base/event.h"
#include "base/spin_lock.h"

namespace gort::sched {

struct Thread;
class TimerHeap;

struct Timer {
  // Returns when to fire again, or 0.
  using Fire = std::int64_t (*)(Timer* timer, std::int64_t now_ns);

  std::int64_t when_ns = 0;  // monotonic
  Fire fire = nullptr;
  void* argument = nullptr;
  bool fire_and_forget = false;
  bool system = false;  // wakes a goroutine of the runtime's own: no hope against a deadlock

  enum State : std::uint8_t { idle, queued, firing };
  std::atomic<State> state{idle};
  std::atomic<TimerHeap*> heap{nullptr};
  std::uint32_t position = 0;  // under the heap's lock
};

class TimerHeap {
 public:
  // The deadline of the first timer, kNever if there is none. Any thread; a moment old.
  std::int64_t next_ns() const { return next_ns_.load(std::memory_order_relaxed); }

  void add(Timer* timer);
  // True if the timer was queued and now is not.
  bool remove(Timer* timer);
  // Fires what is due; true if anything was.
  bool run_due(std::int64_t now_ns);
  // Whether somebody but the runtime itself waits for one; a moment old.
  bool has_users() const { return users_.load(std::memory_order_relaxed) != 0; }
  // World stopped: everything to another heap.
  void move_all(TimerHeap* to);
  // World stopped: drops all but the runtime's own.
  void forget_users();
  bool check_invariants();

 private:
  struct Entry {
    std::int64_t when_ns;
    Timer* timer;
  };
  static constexpr std::size_t kArity = 4;

  void queue(Timer* timer);
  void place(std::size_t position, Entry entry);
  void sift_up(std::size_t position, Entry entry);
  void sift_down(std::size_t position, Entry entry);
  void erase(std::size_t position);
  void publish_next();
  void count_user(const Timer* timer, int change) {
    if (timer->system) return;
    users_.store(users_.load(std::memory_order_relaxed) + static_cast<std::uint32_t>(change),
                 std::memory_order_relaxed);
  }

  base::ElidedLock lock_;
  std::vector<Entry> entries_;  // under lock_
  std::atomic<std::int64_t> next_ns_{base::kNever};
  std::atomic<std::uint32_t> users_{0};  // entries that are not the runtime's own
};

// Queues an idle timer on the calling thread's processor (another one's for a foreign thread). The
// caller is inside the runtime and has set when_ns, fire and argument.
void add_timer(Thread* thread, Timer* timer);
// Takes a timer out; true if it will not fire. Waits for a callback that is running.
bool remove_timer(Timer* timer);

}  // namespace gort::sched
