// What decides when a collection starts, how hard it works, and how much of that allocators do.
//
// The user gives a price: with GOGC=100 the heap may grow to twice what was alive. So the goal of a
// cycle is known before it starts, and the question is when to start it so that marking ends as the
// heap reaches the goal: too early wastes processor time, too late lets the heap grow beyond. The
// answer is Go's (1.19 and later), so that its users' settings mean here what they mean there:
//
//   goal    = live + (live + stacks + globals) * GOGC / 100, at least 4 MB * GOGC / 100,
//             and no more than the memory limit, or the end of the arena, leaves for the heap
//   runway  = how much will be allocated while marking, when a quarter of the processors marks:
//             cons/mark (bytes allocated per byte scanned, at equal time) * 3 * bytes to scan
//   trigger = goal - runway, between 0.70 and 0.95 of the way from live to the goal
//
// cons/mark is measured by each cycle; the largest of the last five is used, since the runway being
// short is worse than its being long. What the estimate misses the assists make up: whoever
// allocates while marking pays in scanning, at the ratio of the work left to the bytes left before
// the goal. When there is more to scan than last time, the goal moves out, so that growth costs
// memory for one cycle and not a storm of assists.
//
// Pure arithmetic: no clock, no heap, no scheduler; who calls it brings what it needs to know and
// publishes what it says. Units: `live` counts allocated bytes, objects not yet swept not included;
// work is bytes scanned.
//
// [GP1] trigger <= goal, and both are at least what the last cycle marked.
// Runs on: any thread, under the collector's lock; it has none of its own and never parks.
// Not here: the cap on the collector's share of the processors (cpu_limiter.h), who marks
// (sched::Background), the trace line (gctrace.h).
#pragma once

#include <array>
#include <cstdint>

namespace gort::collector {

inline constexpr std::uint64_t kNoMemoryLimit = INT64_MAX;   // Go's math.MaxInt64
inline constexpr int kPercentOff = -1;                       // GOGC=off
inline constexpr double kBackgroundShare = 0.25;             // of the processors, while marking
inline constexpr std::uint64_t kHeapMinimumBytes = 4 << 20;  // first goal at GOGC=100
inline constexpr std::int64_t kPeriodNs = 120'000'000'000;   // a cycle at least so often
// An assist does so much at least: entering it costs about as much as scanning a few kilobytes.
inline constexpr std::int64_t kOverAssistWork = 64 << 10;

// What of the process's memory counts for the memory limit.
struct Memory {
  std::uint64_t mapped_bytes =
      0;                         // all that the runtime has from the system, less what it gave back
  std::uint64_t idle_bytes = 0;  // of it: heap pages in no span
  std::uint64_t allocated_bytes = 0;  // of it: objects, dead ones not yet swept included
  // What the heap may still take of its address space, idle pages included.
  std::uint64_t room_bytes = UINT64_MAX;
};

// What there is to scan besides the heap.
struct Roots {
  std::uint64_t stack_bytes = 0;  // used parts of all stacks: an upper bound while marking
  std::uint64_t global_bytes = 0;
};

// Bytes scanned so far by a cycle.
struct Work {
  std::int64_t heap = 0, stacks = 0, globals = 0;
  std::int64_t total() const { return heap + stacks + globals; }
};

struct Target {
  std::uint64_t trigger = 0;  // live bytes at which the next cycle starts
  std::uint64_t goal = 0;     // live bytes at which its marking should have ended
};

enum class Reason : std::uint8_t { heap, time, forced };

// What an allocation of bytes costs in work; the two are each other's inverse.
struct AssistRatio {
  double work_per_byte = 0;
  double bytes_per_work = 0;
};
struct AssistShare {
  std::int64_t work = 0;   // to do now
  std::int64_t bytes = 0;  // of allocation that it pays for: the debt or more
};
AssistShare assist_for(const AssistRatio& ratio, std::int64_t debt_bytes);

class Pacer {
 public:
  explicit Pacer(int gc_percent = 100, std::uint64_t memory_limit = kNoMemoryLimit);

  // Both return what was set before. `percent` < 0: off; a cycle then starts for the limit only.
  int set_gc_percent(int percent);
  std::uint64_t set_memory_limit(std::uint64_t bytes);
  int gc_percent() const { return gc_percent_; }
  std::uint64_t memory_limit() const { return memory_limit_; }

  // Between cycles: when to start; while marking: the goal in `goal`, the trigger means nothing. To
  // be asked anew when the memory changes much, for the limit's part of the goal follows it.
  Target target(const Memory& memory) const;

  // Whether a cycle is due because none was for so long; never with GOGC=off.
  bool period_is_over(std::int64_t now_ns, std::int64_t period_ns = kPeriodNs) const;

  // -- a cycle, in this order
  void start_cycle(std::int64_t now_ns, std::uint64_t live_bytes);

  struct Progress {
    std::uint64_t live_bytes = 0;
    std::uint64_t heap_scan_bytes = 0;  // at the start: all of the heap that is not pointer-free
    Roots roots;
    Work work;
    Memory memory;
  };
  // Whenever credit is flushed, and at least as often as live_bytes changes by a refill.
  AssistRatio revise(const Progress& progress) const;

  struct End {
    std::int64_t now_ns = 0;
    int processors = 1;
    std::uint64_t live_bytes = 0;    // at the end of marking
    std::uint64_t marked_bytes = 0;  // of objects that survive: marked, or allocated meanwhile
    Roots roots;
    Work work;
    std::int64_t assist_ns = 0;  // processor time in assists
    std::int64_t idle_ns = 0;    // processor time of idle markers
    Memory memory;
  };
  void end_cycle(const End& end);
  // The sweep of this cycle is over: the next one need not leave room for it.
  void sweep_done() { sweep_trigger_ = 0; }

  // -- for traces and tests
  bool marking() const { return triggered_ != kNotTriggered; }
  std::uint64_t last_goal() const { return last_goal_; }
  std::uint64_t heap_marked() const { return heap_marked_; }
  std::uint64_t last_stack_scan() const { return last_roots_.stack_bytes; }
  double cons_mark() const { return cons_mark_; }

 private:
  static constexpr std::uint64_t kNotTriggered = UINT64_MAX;

  struct Goal {
    std::uint64_t goal, least_trigger;
  };
  Goal goal(const Memory& memory) const;
  std::uint64_t limit_goal(const Memory& memory) const;
  std::uint64_t arena_goal(const Memory& memory) const;
  std::uint64_t last_scan_bytes() const;
  void measure(const End& end);
  void commit();  // whatever follows from settings and the last cycle

  int gc_percent_;
  std::uint64_t memory_limit_;

  // What the last cycle found.
  std::uint64_t heap_marked_ = 0;
  std::uint64_t last_heap_scan_ = 0;
  Roots last_roots_;
  std::uint64_t last_goal_ = 0;
  std::int64_t last_end_ns_ = 0;  // 0: there was none
  double cons_mark_ = 0;
  std::array<double, 4> earlier_cons_marks_{};

  // What follows.
  std::uint64_t percent_goal_ = 0;
  std::uint64_t runway_ = 0;
  std::uint64_t sweep_trigger_ = 0;  // not before: the sweep needs some allocation to hide behind

  // The cycle under way.
  std::uint64_t triggered_ = kNotTriggered;
  std::int64_t start_ns_ = 0;
};

}  // namespace gort::collector
