// Taking work from other processors, when it is worth taking.
//
// A theft claims the victim (world.h): a system call for the thief, an interrupt for the victim's
// CPU, then cold caches. For goroutines that run 50 ns between hand-offs that is a loss, and
// running them on two CPUs is slower than on one. So a thief watches for a moment and estimates:
// rounds of the victim in that time give the mean slice. It steals if what waits would keep the
// victim busy for long, or if slices are long enough to be worth a CPU.
//
// What is first in line (`next`) was made ready a moment ago and is about to run where its data is
// warm; it is taken only from a victim that has not reached a scheduling point during the whole
// watch. Runs inside the runtime with a processor, spinning. Not here: who wakes thieves (wake.h),
// and the monitor's net under it (monitor.cc).
#include "base/event.h"
#include "sched/loop.h"
#include "sched/pick.h"
#include "sched/world.h"

namespace gort::sched {
namespace {

constexpr std::int64_t kWatchNs = 20'000;        // how long a thief looks before it sleeps
constexpr std::int64_t kFirstLookNs = 3'000;     // before that an estimate says nothing
constexpr std::int64_t kWorthBacklogNs = 5'000;  // waiting work that repays a theft
constexpr std::int64_t kWorthSliceNs = 250;      // slices that repay a second CPU
constexpr std::uint32_t kMaxStolen = 1024;       // repays a theft of the shortest goroutines

struct Watch {
  std::uint32_t tick;
  Goroutine* next;
};

bool worth_stealing(const Processor& victim, const Watch& seen, std::int64_t watched_ns) {
  const std::uint32_t waiting = victim.queue.size();
  const std::uint32_t rounds = victim.tick.load(std::memory_order_relaxed) - seen.tick;
  if (waiting > 0) {
    const std::int64_t slice_ns = watched_ns / (rounds == 0 ? 1 : rounds);
    if (slice_ns >= kWorthSliceNs || slice_ns * waiting >= kWorthBacklogNs) return true;
  }
  return rounds == 0 && watched_ns >= kWatchNs && seen.next != nullptr &&
         victim.next.load(std::memory_order_relaxed) == seen.next;
}

Goroutine* rob(Processor* mine, Processor* victim) {
  if (!try_claim(victim)) return nullptr;
  std::uint32_t taken = victim->queue.give_half(mine->queue, kMaxStolen);
  if (taken == 0) {
    if (Goroutine* next = victim->next.load(std::memory_order_relaxed)) {
      victim->next.store(nullptr, std::memory_order_relaxed);
      mine->queue.push(next);
      taken = 1;
    }
  }
  victim->stolen.store(victim->stolen.load(std::memory_order_relaxed) + taken,
                       std::memory_order_relaxed);
  release_claim(victim);
  return taken > 0 ? mine->queue.pop() : nullptr;
}

bool anybody_busy(const Processor* mine, int processors) {
  return processors > 1 && scheduler.idle_count.load(std::memory_order_relaxed) < processors - 1 &&
         mine != nullptr;
}

}  // namespace

Goroutine* steal(Thread* thread) {
  Processor* mine = thread->processor;
  const int processors = scheduler.processor_count.load(std::memory_order_relaxed);
  if (!anybody_busy(mine, processors)) return nullptr;
  if (!thread->spinning) {
    // Go's rule: at most half of the busy processors' number look for work.
    const int idle = scheduler.idle_count.load(std::memory_order_relaxed);
    if (2 * scheduler.spinning.load(std::memory_order_relaxed) >= processors - idle) return nullptr;
    thread->spinning = true;
    scheduler.spinning.fetch_add(1, std::memory_order_relaxed);
  }
  constexpr int kMaxWatched = 64;
  Watch watches[kMaxWatched];
  const int count = processors < kMaxWatched ? processors : kMaxWatched;
  const auto first = mine->random.below(static_cast<std::uint32_t>(processors));
  const auto victim_at = [&](int i) {
    return scheduler.processors[(first + static_cast<std::uint32_t>(i)) %
                                static_cast<std::uint32_t>(processors)];
  };
  for (int i = 0; i < count; ++i) {
    watches[i] = {victim_at(i)->tick.load(std::memory_order_relaxed),
                  victim_at(i)->next.load(std::memory_order_relaxed)};
  }
  const std::int64_t start_ns = base::now_ns();
  for (std::int64_t watched_ns = 0; watched_ns < kWatchNs + 5'000;
       watched_ns = base::now_ns() - start_ns) {
    for (int i = 0; i < 8; ++i) base::relax();
    if (thread->attention.load(std::memory_order_relaxed) & (kClaimed | kSimulated)) {
      wait_outside(thread);
      if (thread->processor != mine) return nullptr;  // gomaxprocs was lowered
    }
    if (Goroutine* goroutine = take_global(mine)) return goroutine;
    if (mine->timers.next_ns() <= start_ns + watched_ns) return nullptr;  // the loop fires them
    if (watched_ns < kFirstLookNs) continue;
    for (int i = 0; i < count; ++i) {
      Processor* victim = victim_at(i);
      if (victim == mine || !worth_stealing(*victim, watches[i], watched_ns)) continue;
      if (Goroutine* goroutine = rob(mine, victim)) return goroutine;
    }
    if (!anybody_busy(mine, processors)) return nullptr;
  }
  return nullptr;
}

}  // namespace gort::sched
