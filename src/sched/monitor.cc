// The monitor: a thread without a processor that notices what the others cannot.
//
// A C++ goroutine cannot be stopped at an arbitrary instruction. What can be moved is the right to
// run the others: when a goroutine has held its processor for 10 ms without reaching a scheduling
// point and somebody waits, the processor is taken away and given to another thread. The goroutine
// goes on, and queues when it next enters the runtime. A thread that sits in a system call is
// recognised earlier, by its CPU clock standing still.
//
// It is also the net under every economy elsewhere: wake-ups skipped by back-off (wake.h),
// goroutines that keep each other in `next` past their slice (pick.cc), timers of a processor that
// does not look (I2 in idle.cc).
//
// [O1] Work that waits behind a goroutine in user code, or beside an idle processor, is found
//      within two ticks.
//
// It sleeps for as long as all is idle, ticks every millisecond while something is stuck, and else
// every 5. Runs on its own thread, outside the runtime, never attached. Not here: how a processor
// is taken (world.cc).
#include "base/assert.h"
#include "base/event.h"
#include "sched/deadlock.h"
#include "sched/loop.h"
#include "sched/wake.h"
#include "sched/world.h"

namespace gort::sched {
namespace {

constexpr std::int64_t kSliceNs = 10'000'000;  // Go's
constexpr std::int64_t kBlockedNs = 300'000;   // no CPU time for so long: the thread is blocked
constexpr std::int64_t kShortTickNs = 250'000;
constexpr std::int64_t kLongTickNs = 5'000'000;
constexpr std::int64_t kLinger = 4;              // idle ticks before it sleeps deeply
constexpr std::int64_t kWorthSliceNs = 250;      // as in steal.cc
constexpr std::int64_t kRecheckNs = 50'000'000;  // a deadlock that unknown threads may still end
constexpr std::int64_t kTrimEveryNs = 1'000'000'000;

std::atomic<std::uint32_t> alarm{0};
std::int64_t schedtrace_every_ns = 0;

bool everything_is_idle() {
  base::Guard guard(scheduler.lock);
  return scheduler.idle_count.load(std::memory_order_relaxed) ==
             scheduler.processor_count.load(std::memory_order_relaxed) &&
         scheduler.without_processor == 0;
}

bool anybody_waits(const Processor& processor) {
  return has_work(&processor) || scheduler.global_size.load(std::memory_order_relaxed) > 0;
}

// True once the thread has used no CPU time since the last look, at least kBlockedNs ago.
bool is_blocked(Processor& processor, const Thread& thread, std::int64_t now) {
  const pid_t tid = thread.tid.load(std::memory_order_relaxed);
  if (tid == 0) return false;  // it has ended since, and somebody else has the processor
  const std::int64_t cpu = base::os::thread_cpu_ns(tid);
  if (processor.cpu_at_check_ns < 0) {
    processor.cpu_at_check_ns = cpu;
    processor.checked_at_ns = now;
    return false;
  }
  if (now - processor.checked_at_ns < kBlockedNs) return false;
  const bool blocked = cpu - processor.cpu_at_check_ns < 20'000;
  processor.cpu_at_check_ns = cpu;
  processor.checked_at_ns = now;
  return blocked;
}

struct Findings {
  bool stuck = false;    // somebody has not reached a scheduling point since the last tick
  bool waiting = false;  // work waits beside an idle processor
};

void look_at(Processor& processor, Thread* thread, std::int64_t now, Findings& findings) {
  const std::uint32_t tick = processor.tick.load(std::memory_order_relaxed);
  const std::uint32_t chain = processor.chain.load(std::memory_order_relaxed);
  const std::uint32_t rounds = tick - processor.seen_tick;
  const std::int64_t elapsed = now - processor.tick_since_ns;
  if (chain != processor.seen_chain) {
    processor.seen_chain = chain;
    processor.chain_since_ns = now;
  } else if (now - processor.chain_since_ns >= kSliceNs) {
    processor.chain_since_ns = now;
    processor.preempt.store(true, std::memory_order_relaxed);
  }
  const bool idle_beside = scheduler.idle_count.load(std::memory_order_relaxed) > 0;
  if (rounds != 0) {
    processor.seen_tick = tick;
    processor.tick_since_ns = now;
    processor.cpu_at_check_ns = -1;
    if (idle_beside && processor.queue.size() > 0 && elapsed / rounds >= kWorthSliceNs) {
      findings.waiting = true;
    }
    return;
  }
  if (!anybody_waits(processor) && processor.timers.next_ns() > now) return;
  findings.stuck = true;
  if (idle_beside) {
    findings.waiting =
        true;  // a thief can do better than a retake: it leaves the processor where it is
  }
  if (thread == nullptr) return;
  if (elapsed >= kSliceNs || (elapsed >= kBlockedNs && is_blocked(processor, *thread, now))) {
    // It fails while the thread is inside; the next tick tries again.
    if (try_claim(&processor)) retake(&processor);
  }
}

Findings look_around(std::int64_t now) {
  Findings findings;
  const int processors = scheduler.processor_count.load(std::memory_order_acquire);
  for (int i = 0; i < processors; ++i) {
    Processor& processor = *scheduler.processors[i];
    Thread* thread;
    {
      base::Guard guard(scheduler.lock);
      thread = processor.thread;
    }
    if (thread == nullptr) {
      processor.seen_tick = processor.tick.load(std::memory_order_relaxed);
      processor.tick_since_ns = now;
      processor.cpu_at_check_ns = -1;
      continue;
    }
    look_at(processor, thread, now, findings);
  }
  if (findings.waiting || scheduler.global_size.load(std::memory_order_relaxed) > 0 ||
      (scheduler.idle_count.load(std::memory_order_relaxed) > 0 && earliest_timer_ns() <= now)) {
    wake_one();
  }
  return findings;
}

void print_schedtrace(std::int64_t now, std::int64_t start) {
  base::Guard guard(scheduler.lock);
  const int processors = scheduler.processor_count.load(std::memory_order_relaxed);
  int idle_threads = 0;
  for (Thread* thread = scheduler.idle_threads; thread != nullptr; thread = thread->idle_next) {
    ++idle_threads;
  }
  char queues[1024], ticks[1024];
  int q = 0, t = 0;
  for (int i = 0; i < processors && q < 1000 && t < 1000; ++i) {
    const Processor& processor = *scheduler.processors[i];
    q += std::snprintf(queues + q, sizeof queues - static_cast<std::size_t>(q), " %u",
                       processor.queue.size());
    t += std::snprintf(ticks + t, sizeof ticks - static_cast<std::size_t>(t), " %u",
                       processor.tick.load(std::memory_order_relaxed));
  }
  base::write_stderr(
      "SCHED %lldms: gomaxprocs=%d idleprocs=%d threads=%d spinningthreads=%d needspinning=0 "
      "idlethreads=%d runqueue=%u [%s ] schedticks=[%s ]\n",
      static_cast<long long>((now - start) / 1'000'000), processors,
      scheduler.idle_count.load(std::memory_order_relaxed), scheduler.thread_count + 1,
      scheduler.spinning.load(std::memory_order_relaxed), idle_threads,
      scheduler.global_size.load(std::memory_order_relaxed), queues, ticks);
}

// Deep sleep, until poked; with schedtrace on, at most until the next line is due.
void sleep_while_idle(std::int64_t until_ns) {
  scheduler.monitor_asleep.store(true, std::memory_order_seq_cst);
  if (everything_is_idle()) {
    recheck_deadlock();
    if (deadlock_is_suspected()) {
      const std::int64_t soon_ns = base::now_ns() + kRecheckNs;
      if (soon_ns < until_ns) until_ns = soon_ns;
    }
    base::sleep_on(alarm, 0, until_ns);
  }
  scheduler.monitor_asleep.store(false, std::memory_order_seq_cst);
  alarm.store(0, std::memory_order_relaxed);
}

void* run_monitor(void*) {
  const std::int64_t start = base::now_ns();
  std::int64_t tick_ns = kShortTickNs;
  std::int64_t next_trace_ns = schedtrace_every_ns > 0 ? start + schedtrace_every_ns : base::kNever;
  std::int64_t next_trim_ns = start + kTrimEveryNs;
  int idle_ticks = 0;
  for (;;) {
    if (everything_is_idle()) {
      if (++idle_ticks > kLinger) sleep_while_idle(next_trace_ns);
    } else {
      idle_ticks = 0;
    }
    base::os::nap(tick_ns);
    const std::int64_t now = base::now_ns();
    scheduler.coarse_ms.store(static_cast<std::uint32_t>(now / 1'000'000),
                              std::memory_order_relaxed);
    const Findings findings = look_around(now);
    tick_ns = findings.stuck || findings.waiting ? kShortTickNs : tick_ns * 2;
    if (tick_ns > kLongTickNs) tick_ns = kLongTickNs;
    if (now >= next_trace_ns) {
      print_schedtrace(now, start);
      next_trace_ns = now + schedtrace_every_ns;
    }
    if (now >= next_trim_ns) {
      trim_stacks();
      next_trim_ns = base::now_ns() + kTrimEveryNs;
    }
  }
}

}  // namespace

void poke_monitor() {
  if (!scheduler.monitor_asleep.load(std::memory_order_seq_cst)) return;
  alarm.store(1, std::memory_order_release);
  base::wake(alarm);
}

void start_monitor(std::int64_t schedtrace_ns) {
  schedtrace_every_ns = schedtrace_ns;
  scheduler.coarse_ms.store(static_cast<std::uint32_t>(base::now_ns() / 1'000'000));
  const int error = base::start_thread(run_monitor, nullptr);
  if (error != 0) {
    base::fatal_after("runtime: failed to create new OS thread\n", base::FatalScope::none,
                      "newosproc");
  }
}

}  // namespace gort::sched
