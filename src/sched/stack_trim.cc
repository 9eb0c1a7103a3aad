// Memory back to the system from stacks that have been deep and are not any more.
//
// Stacks fill page by page without anybody being told, so whether one is fat is asked of the
// kernel: if pages just below the live part are in memory, everything below it is given back.
// Windows that nobody uses are looked at in turn; parked goroutines in short stops of the world, so
// many a second that a stop stays under a fraction of a millisecond; a parked goroutine cannot run
// while the world is stopped, so its stack pointer holds.
//
// Runs on the monitor thread once a second. Not here: windows in use (stack.cc).
#include "base/os_linux.h"
#include "sched/loop.h"
#include "sched/stack_arena.h"
#include "sched/world.h"

namespace gort::sched {
namespace {

constexpr std::size_t kLookBytes = std::size_t{64} << 10;
constexpr std::size_t kRedZoneBytes = 128;
constexpr std::size_t kFreeBudget = 4096;
constexpr std::size_t kParkedPerStop = 256;
constexpr int kStops = 8;

std::uint32_t rounds_of_all() {
  std::uint32_t rounds = 0;
  const int processors = scheduler.processor_count.load(std::memory_order_acquire);
  for (int i = 0; i < processors; ++i) {
    rounds += scheduler.processors[i]->tick.load(std::memory_order_relaxed);
  }
  return rounds;
}

}  // namespace

std::size_t trim_stack(const Stack& stack, const void* sp) {
  const std::size_t page = base::os::page_bytes();
  // It may be parked on a fiber of another library's: then nothing says how deep it is here.
  if (sp < stack.low || sp > stack.top) return 0;
  const auto low = reinterpret_cast<std::uintptr_t>(stack.low);
  const std::uintptr_t live = (reinterpret_cast<std::uintptr_t>(sp) - kRedZoneBytes) / page * page;
  if (live <= low) return 0;
  const std::size_t below = live - low < kLookBytes ? live - low : kLookBytes;
  auto* look = reinterpret_cast<char*>(live - below);
  const std::size_t resident = base::os::resident_bytes(look, below);
  if (resident == 0) return 0;
  return base::os::discard(stack.low, live - low) ? resident : 0;
}

void trim_stacks() {
  static std::size_t cursor = 0;
  static std::uint32_t seen_rounds = 0;
  stack_arena.trim_free(kFreeBudget);
  const std::uint32_t rounds = rounds_of_all();
  const bool still = rounds == seen_rounds;  // nobody ran since: what was looked at is as it was
  seen_rounds = rounds;
  if (still && cursor == 0) return;
  for (int stop = 0; stop < kStops; ++stop) {
    StoppedWorld world;
    if (stop == 0) {
      const int processors = scheduler.processor_count.load(std::memory_order_relaxed);
      for (int i = 0; i < processors; ++i) scheduler.processors[i]->stacks.trim();
    }
    const bool more = scheduler.goroutines.visit_some(cursor, kParkedPerStop, [](Goroutine& it) {
      if (it.status.load(std::memory_order_relaxed) == Status::waiting && it.sp != nullptr &&
          it.saving.load(std::memory_order_relaxed) == 0) {
        trim_stack(it.stack, it.sp);
      }
    });
    if (!more) {
      cursor = 0;
      return;
    }
    cursor += kParkedPerStop;
  }
}

}  // namespace gort::sched
