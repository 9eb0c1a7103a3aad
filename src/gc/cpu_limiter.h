// Keeps the collector from taking more than half of the processors, so a memory limit cannot kill.
//
// A program whose live heap does not fit its memory limit would collect without pause, and do so
// ever slower: dead in all but name. The limit is soft instead: beyond half of the processor time
// the collector lets the heap grow. A leaky bucket measures it over about a second: the collector's
// time fills it, everybody else's drains it, and while it is full the limiter says so: then assists
// and giving memory back for the limit's sake stop, and background marking, a quarter, goes on.
//
// The clock is the caller's. Time spent idle counts for neither side.
//
// Runs on: add_* and limiting() any thread, update() any thread, one at a time wins and the others
// go their way; start/finish of a cycle and set_processors by the collector. Never waits long.
// Not here: who asks (the assist, the release of memory); Go's gcCPULimiter is the same thing.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/spin_lock.h"

namespace gort::collector {

class CpuLimiter {
 public:
  CpuLimiter(std::int64_t now_ns, int processors);

  // True while the collector has had too much: no assists, no release for the limit.
  bool limiting() const { return limiting_.load(std::memory_order_relaxed); }

  void add_assist_time(std::int64_t ns) { assist_ns_.fetch_add(ns, std::memory_order_relaxed); }
  // Processor time in which there was nothing to do, idle marking included.
  void add_idle_time(std::int64_t ns) { idle_ns_.fetch_add(ns, std::memory_order_relaxed); }

  // Whether an update is due; then update(), from anywhere that has just read the clock.
  bool needs_update(std::int64_t now_ns) const {
    return now_ns - last_ns_.load(std::memory_order_relaxed) > kUpdateNs;
  }
  void update(std::int64_t now_ns);

  // Around each stop of the world that begins or ends marking: the time of the stop is all the
  // collector's. `marking`: from now on a quarter of the time is.
  void start_transition(std::int64_t now_ns, bool marking);
  void finish_transition(std::int64_t now_ns);

  void set_processors(std::int64_t now_ns, int processors);

  // -- for traces and tests
  std::int64_t fill_ns() const { return fill_ns_; }
  std::int64_t overflow_ns() const { return overflow_ns_; }  // beyond the overdraft, ever

 private:
  static constexpr std::int64_t kUpdateNs = 10'000'000;
  static constexpr std::int64_t kCapacityNs = 1'000'000'000;  // per processor
  // How far beyond full it may be, per processor. Go has nothing of the kind: what the collector
  // takes between two updates beyond the full bucket is forgotten there, and half becomes 60 %.
  static constexpr std::int64_t kOverdraftNs = 100'000'000;

  void update_locked(std::int64_t now_ns);
  void accumulate(std::int64_t program_ns, std::int64_t collector_ns);

  // Atomic.
  std::atomic<bool> limiting_{false};
  std::atomic<std::int64_t> assist_ns_{0}, idle_ns_{0};  // since the last update
  std::atomic<std::int64_t> last_ns_;

  // Under lock_.
  base::SpinLock lock_;
  std::int64_t processors_;
  std::int64_t fill_ns_ = 0;
  std::int64_t overflow_ns_ = 0;
  bool marking_ = false;
  bool in_transition_ = false;  // a stop is under way; its time is accounted by its end
};

}  // namespace gort::collector
