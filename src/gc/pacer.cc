// The pacer's arithmetic, in the order in which a cycle asks for it.
//
// Follows Go's mgcpacer.go step by step, since each clamp there is the scar of some program; the
// comments say which. Sums that a huge GOGC or limit could overflow are done in doubles or
// saturate: a goal that no machine has is as good as none.
#include "gc/pacer.h"

#include <algorithm>

namespace gort::collector {
namespace {

// The trigger lies in [0.70, 0.95] of the way to the goal. Lower, and a program whose cons/mark was
// once measured high collects all the time; higher, and there is no time to get going.
constexpr std::uint64_t kTriggerDenominator = 64;
constexpr std::uint64_t kLeastTrigger = 45, kMostTrigger = 61;

// Allocation that a sweep is given to be done in before the next cycle.
constexpr std::uint64_t kSweepDistanceBytes = 1 << 20;
// Between a trigger and its goal, lest the assist ratio go to infinity.
constexpr std::uint64_t kLeastRunwayBytes = 64 << 10;
// Kept free below the memory limit, for what cannot be foreseen: 3 %, at least 1 MB.
constexpr std::uint64_t kHeadroomPercent = 3;
constexpr std::uint64_t kLeastHeadroomBytes = 1 << 20;
// A goal that was missed is moved out by so much, to have something to steer for.
constexpr double kOvershoot = 1.1;
// Work left is never taken for less: the estimate is not that good.
constexpr std::int64_t kLeastWork = 1000;
// GOGC for the hard goal when it is off and only the limit drives.
constexpr double kPercentWhenOff = 100'000;

std::uint64_t saturated(double bytes) {
  if (bytes < 0) return 0;
  return bytes >= 0x1p63 ? UINT64_MAX : static_cast<std::uint64_t>(bytes);
}

std::uint64_t saturated_add(std::uint64_t a, std::uint64_t b) {
  return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

}  // namespace

AssistShare assist_for(const AssistRatio& ratio, std::int64_t debt_bytes) {
  const auto work = static_cast<std::int64_t>(ratio.work_per_byte * double(debt_bytes));
  if (work >= kOverAssistWork) return {work, debt_bytes};
  const auto bytes = static_cast<std::int64_t>(ratio.bytes_per_work * double(kOverAssistWork));
  return {kOverAssistWork, std::max(bytes, debt_bytes)};
}

Pacer::Pacer(int gc_percent, std::uint64_t memory_limit)
    : gc_percent_(std::max(gc_percent, kPercentOff)), memory_limit_(memory_limit) {
  commit();
}

int Pacer::set_gc_percent(int percent) {
  const int before = gc_percent_;
  gc_percent_ = std::max(percent, kPercentOff);
  commit();
  return before;
}

std::uint64_t Pacer::set_memory_limit(std::uint64_t bytes) {
  const std::uint64_t before = memory_limit_;
  memory_limit_ = bytes;
  return before;
}

std::uint64_t Pacer::last_scan_bytes() const {
  return last_heap_scan_ + last_roots_.stack_bytes + last_roots_.global_bytes;
}

void Pacer::commit() {
  percent_goal_ = UINT64_MAX;
  if (gc_percent_ >= 0) {
    const double factor = gc_percent_ / 100.0;
    // Stacks and globals cost as much to scan as the heap, so they earn as much room.
    const std::uint64_t base = heap_marked_ + last_roots_.stack_bytes + last_roots_.global_bytes;
    percent_goal_ = std::max(saturated_add(heap_marked_, saturated(double(base) * factor)),
                             saturated(double(kHeapMinimumBytes) * factor));
  }
  constexpr double kMutatorsPerMarker = (1 - kBackgroundShare) / kBackgroundShare;
  runway_ = saturated(cons_mark_ * kMutatorsPerMarker * double(last_scan_bytes()));
}

// Where the address space ends allocations would fail one after the other, each with a collection
// of its own, while nobody marks meanwhile. What is left is for odd sizes that find no hole.
std::uint64_t Pacer::arena_goal(const Memory& memory) const {
  const std::uint64_t room = memory.room_bytes;
  const std::uint64_t headroom = std::max(room / 100 * kHeadroomPercent, kLeastHeadroomBytes);
  const std::uint64_t usable = room > headroom ? room - headroom : 0;
  return std::max(saturated_add(memory.allocated_bytes, usable), heap_marked_);
}

std::uint64_t Pacer::limit_goal(const Memory& memory) const {
  if (memory_limit_ == kNoMemoryLimit) return UINT64_MAX;
  // Inputs are read one after the other while the program runs, so they need not add up.
  const std::uint64_t heap = memory.idle_bytes + memory.allocated_bytes;
  const std::uint64_t other = memory.mapped_bytes > heap ? memory.mapped_bytes - heap : 0;
  // Already over: by so much below the limit to get down again.
  const std::uint64_t overage =
      memory.mapped_bytes > memory_limit_ ? memory.mapped_bytes - memory_limit_ : 0;
  // Nothing is left for the heap: collect as often as the CPU limiter lets us, do not die.
  if (other + overage >= memory_limit_) return heap_marked_;

  const std::uint64_t room = memory_limit_ - (other + overage);
  const std::uint64_t headroom = std::max(room / 100 * kHeadroomPercent, kLeastHeadroomBytes);
  const bool tiny = room < headroom || room - headroom < headroom;
  return std::max(tiny ? headroom : room - headroom, heap_marked_);
}

Pacer::Goal Pacer::goal(const Memory& memory) const {
  const std::uint64_t by_limit = std::min(limit_goal(memory), arena_goal(memory));
  // The limit is the limit: it leaves no room for a sweep to finish or a minimal runway.
  if (by_limit < percent_goal_) return {by_limit, 0};
  std::uint64_t goal = std::max(percent_goal_, sweep_trigger_);
  if (marking()) goal = std::max(goal, saturated_add(triggered_, kLeastRunwayBytes));
  return {goal, sweep_trigger_};
}

Target Pacer::target(const Memory& memory) const {
  const Goal wanted = goal(memory);
  const std::uint64_t goal = wanted.goal;
  if (heap_marked_ >= goal) return {goal, goal};  // the limit is below what lives: at once

  const std::uint64_t step = (goal - heap_marked_) / kTriggerDenominator;
  const std::uint64_t least =
      std::max({wanted.least_trigger, heap_marked_, heap_marked_ + step * kLeastTrigger});
  // The last 5 % of a huge heap are more than the runway's error: 4 MB are enough for that.
  std::uint64_t most = heap_marked_ + step * kMostTrigger;
  if (goal > kHeapMinimumBytes) most = std::max(most, goal - kHeapMinimumBytes);
  most = std::max(most, least);
  const std::uint64_t wish = runway_ > goal ? least : goal - runway_;
  return {std::clamp(wish, least, most), goal};
}

bool Pacer::period_is_over(std::int64_t now_ns, std::int64_t period_ns) const {
  return gc_percent_ >= 0 && last_end_ns_ != 0 && !marking() && now_ns - last_end_ns_ > period_ns;
}

void Pacer::start_cycle(std::int64_t now_ns, std::uint64_t live_bytes) {
  triggered_ = live_bytes;
  start_ns_ = now_ns;
}

AssistRatio Pacer::revise(const Progress& progress) const {
  const double percent = gc_percent_ < 0 ? kPercentWhenOff : gc_percent_;
  const double live = double(progress.live_bytes);
  const std::int64_t work = progress.work.total();
  double goal = double(this->goal(progress.memory).goal);

  // At first, as much work as last time; when that is done and there is more, all that there is.
  auto expected = static_cast<std::int64_t>(last_heap_scan_ + last_roots_.stack_bytes +
                                            progress.roots.global_bytes);
  const auto most = static_cast<std::int64_t>(
      progress.heap_scan_bytes + progress.roots.stack_bytes + progress.roots.global_bytes);
  if (work > expected) {
    // The line from the trigger through the goal, drawn on to the work there is: the rate stays
    // what it was. Never beyond what the next cycle's goal would be at worst.
    const double triggered = double(triggered_);
    const double rate = (goal - triggered) / std::max(double(expected), 1.0);
    goal = std::min(triggered + rate * double(most), (1 + percent / 100) * goal);
    expected = most;
  }
  if (live > goal) {
    goal *= kOvershoot;
    expected = most;
  }
  const double left = double(std::max(expected - work, kLeastWork));
  const double room = std::max(goal - live, 1.0);
  return {left / room, room / left};
}

// The rate of allocation over that of marking, as if both had had the same processor time.
void Pacer::measure(const End& end) {
  // A cycle during which nothing was allocated says nothing: forced ones, mostly.
  if (end.live_bytes <= triggered_ || end.work.total() <= 0) return;
  const double elapsed = double(end.now_ns - start_ns_) * end.processors;
  double utilization = kBackgroundShare, idle = 0;
  if (elapsed > 0) {
    utilization += double(end.assist_ns) / elapsed;
    idle = double(end.idle_ns) / elapsed;
  }
  // Assists cannot have had all of the processors, but coarse clocks have said so.
  utilization = std::min(utilization, 0.99);
  const double measured = double(end.live_bytes - triggered_) * (utilization + idle) /
                          (double(end.work.total()) * (1 - utilization));
  cons_mark_ =
      std::max(measured, *std::max_element(earlier_cons_marks_.begin(), earlier_cons_marks_.end()));
  std::move(earlier_cons_marks_.begin() + 1, earlier_cons_marks_.end(),
            earlier_cons_marks_.begin());
  earlier_cons_marks_.back() = measured;
}

void Pacer::end_cycle(const End& end) {
  last_goal_ = goal(end.memory).goal;
  measure(end);
  heap_marked_ = end.marked_bytes;
  last_heap_scan_ = static_cast<std::uint64_t>(std::max<std::int64_t>(end.work.heap, 0));
  last_roots_ = {static_cast<std::uint64_t>(std::max<std::int64_t>(end.work.stacks, 0)),
                 end.roots.global_bytes};
  triggered_ = kNotTriggered;
  last_end_ns_ = end.now_ns;
  sweep_trigger_ = saturated_add(end.marked_bytes, kSweepDistanceBytes);
  commit();
}

}  // namespace gort::collector
