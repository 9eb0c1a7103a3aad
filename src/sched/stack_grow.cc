// Growth in place: what a touched guard means.
//
// The guard below a window is touched either by a stack that has used all of it, or by a wild
// pointer. In the first case the unit below, if free, is taken by compare-and-swap, the old guard
// removed, a new one put below, and the instruction that faulted runs again: the goroutine never
// knows. Sites that needed it get rooms from then on. Past the limit, or with a neighbour in the
// way, it is a stack overflow.
//
// Runs in the SIGSEGV handler on the alternate stack, on the thread of the goroutine that faulted:
// only system calls and atomics, no lock ([K1] lets one thread change a stack: its goroutine's).
// Not here: reporting (runtime/signals.cc).
#include "base/os_linux.h"
#include "sched/stack.h"
#include "sched/stack_arena.h"

namespace gort::sched {
namespace {

// False if it is somebody's.
bool take_below(std::atomic<Unit>& below) {
  Unit seen = below.load(std::memory_order_acquire);
  while (seen == Unit::free || seen == Unit::fresh || seen == Unit::trimmed) {
    if (seen == Unit::trimmed) {  // by the monitor, which is another thread and waits for nobody
      base::os::give_way();
      seen = below.load(std::memory_order_acquire);
    } else if (below.compare_exchange_weak(seen, Unit::extension)) {
      return true;
    }
  }
  return false;
}

}  // namespace

Growth grow_stack(Goroutine* goroutine, const void* address) {
  Stack& stack = goroutine->stack;
  const char* at = static_cast<const char*>(address);
  if (stack.top == nullptr || at >= stack.low || at < stack.low - kGuardBytes) {
    return Growth::not_this_stack;
  }
  UnitRegion* region = stack_arena.region_of(stack.top - 1);
  if (region == nullptr) return Growth::overflow;
  char* unit_base = stack.low - kGuardBytes;
  const std::size_t index = region->index_of(stack.low);
  const bool at_unit_base = unit_base == region->base + index * region->unit_bytes;
  const std::size_t grown = static_cast<std::size_t>(stack.top - stack.low) + region->unit_bytes;
  // Half a unit beyond the limit is tolerated: the limit is a promise of room, growth comes in
  // units.
  if (!at_unit_base || index == 0 || grown > stack_limit_of(goroutine) + region->unit_bytes / 2) {
    return Growth::overflow;
  }
  if (!take_below(region->units[index - 1])) return Growth::overflow;
  char* new_base = unit_base - region->unit_bytes;
  base::os::install_guard(new_base, kGuardBytes);
  base::os::remove_guard(unit_base, kGuardBytes);
  stack.low = new_base + kGuardBytes;
  note_deep_site(goroutine->entry);
  return Growth::grown;
}

}  // namespace gort::sched
