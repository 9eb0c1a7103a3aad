// Which window a goroutine gets, the caches in front of the arena, and limits.
//
// Goroutines take a room while rooms are plentiful; when they are scarce, those of a function that
// was seen to go deep, and the first few hundred of any function: what thousands of goroutines do
// says nothing about one that does something else. The others take slots. A limit below
// what the window offers is a second guard inside it, installed for that goroutine and removed when
// it ends; a limit beyond a room is a mapping of its own. Runs inside the runtime, owner of the
// cache. Not here: stack_arena.cc.
#include "sched/stack.h"

#include "base/assert.h"
#include "base/os_linux.h"
#include "sched/stack_arena.h"

namespace gort::sched {
namespace {

constexpr unsigned kBatch = 32;
constexpr unsigned kSitesLog = 12;

std::atomic<std::size_t> default_limit{kDefaultStackLimit};

// Of a spawn site: how many rooms it was given while they were scarce, or that it goes deep. Sites
// with the same hash share it, and threads may miss each other's counts.
constexpr std::uint8_t kDeepSite = 255, kOrdinarySite = 254;
std::atomic<std::uint8_t> sites[1 << kSitesLog];

std::atomic<std::uint8_t>& site_state(detail::closure_entry site) {
  std::uint64_t hash = reinterpret_cast<std::uintptr_t>(site) * 0x9e3779b97f4a7c15;
  hash = (hash ^ hash >> 32) * 0xd6e8feb86659fd93;  // one round maps some distances to 0
  return sites[hash >> (64 - kSitesLog)];
}

bool gets_scarce_room(detail::closure_entry site) {
  std::atomic<std::uint8_t>& state = site_state(site);
  const std::uint8_t seen = state.load(std::memory_order_relaxed);
  if (seen < kOrdinarySite) state.store(seen + 1, std::memory_order_relaxed);
  return seen != kOrdinarySite;
}

std::size_t usable_bytes(const Stack& stack) {
  return static_cast<std::size_t>(stack.top - stack.low);
}

}  // namespace

bool site_is_deep(detail::closure_entry site) {
  return site_state(site).load(std::memory_order_relaxed) == kDeepSite;
}
void note_deep_site(detail::closure_entry site) {
  site_state(site).store(kDeepSite, std::memory_order_relaxed);
}
bool is_fit_for(const Stack& stack, detail::closure_entry site) {
  return usable_bytes(stack) > kSlotBytes ||
         (stack_arena.rooms_are_scarce() &&
          site_state(site).load(std::memory_order_relaxed) == kOrdinarySite);
}

std::size_t default_stack_limit() { return default_limit.load(std::memory_order_relaxed); }
void set_default_stack_limit(std::size_t bytes) {
  default_limit.store(bytes, std::memory_order_relaxed);
}

std::size_t stack_limit_of(const Goroutine* goroutine) {
  const std::size_t own = goroutine->extra != nullptr ? goroutine->extra->stack_limit : 0;
  return own != 0 ? own : default_stack_limit();
}

namespace {
// Takes back what limit_stack did before.
void lift_limit(Stack& stack, const UnitRegion& region) {
  char* low = stack.top - region.unit_bytes + kGuardBytes;
  if (stack.low <= low) return;
  base::os::remove_guard(stack.low - kGuardBytes, kGuardBytes);
  stack.low = low;
  // The window's own guard may have been removed where the two overlap.
  base::os::install_guard(low - kGuardBytes, kGuardBytes);
}
}  // namespace

void limit_stack(Stack& stack, std::size_t bytes) {
  if (const UnitRegion* region = stack_arena.region_of(stack.top - 1)) lift_limit(stack, *region);
  const std::size_t page = base::os::page_bytes();
  const std::size_t limit = (bytes + page - 1) / page * page;
  if (limit >= usable_bytes(stack)) return;
  char* low = stack.top - limit;
  if (low < stack.low + kGuardBytes) return;  // the window's own guard is as near
  if (base::os::install_guard(low - kGuardBytes, kGuardBytes)) stack.low = low;
}

Stack StackCache::take(List& list, bool room) {
  if (list.count == 0) {
    list.count = stack_arena.acquire(room, list.items, room ? 4 : kBatch);
    if (list.count == 0) return {};
  }
  const Stack& taken = list.items[--list.count];
  if (list.count > 0) {
    // The next one to be taken: its first frame is in no cache when many are in use.
    const char* frame = first_frame(list.items[list.count - 1]);
    __builtin_prefetch(frame - 64, 1);
    __builtin_prefetch(frame - 128, 1);
    __builtin_prefetch(frame - 192, 1);
    __builtin_prefetch(frame - 256, 1);
  }
  return taken;
}

Stack StackCache::acquire(detail::closure_entry site, std::size_t own_limit) {
  const std::size_t limit = own_limit != 0 ? own_limit : default_stack_limit();
  if (own_limit > kDefaultStackLimit) return stack_arena.acquire_own(own_limit);
  const bool fits_slot = limit <= kSlotBytes - kGuardBytes;
  const bool wants_room =
      own_limit != 0 ? !fits_slot : (!stack_arena.rooms_are_scarce() || gets_scarce_room(site));
  Stack stack;
  if (wants_room && !fits_slot) {
    stack = rooms_.count > 0 || stack_counts().rooms < kMaxRooms ? take(rooms_, true) : Stack{};
  }
  if (stack.top == nullptr) stack = take(slots_, false);
  if (stack.top == nullptr) base::fatal(base::FatalScope::current, "out of memory");
  // The default is a window's own size: no second guard for the common case.
  if (limit != kDefaultStackLimit) limit_stack(stack, limit);
  return stack;
}

void StackCache::release(Stack stack) {
  UnitRegion* region = stack_arena.region_of(stack.top - 1);
  if (region == nullptr || stack.low != stack.top - region->unit_bytes + kGuardBytes) [[unlikely]] {
    settle();
    unsettled_ = stack;
    return;
  }
  keep(stack, region->unit_bytes == kSlotBytes ? slots_ : rooms_);
}

// A window that was grown, limited or mapped for one goroutine, taken back when nobody can be on it
// any more.
void StackCache::settle() {
  Stack stack = unsettled_;
  if (stack.top == nullptr) return;
  unsettled_ = {};
  UnitRegion* region = stack_arena.region_of(stack.top - 1);
  if (region == nullptr) return stack_arena.release_own(stack);
  char* low = stack.top - region->unit_bytes + kGuardBytes;
  if (stack.low > low) {
    base::os::remove_guard(stack.low - kGuardBytes, kGuardBytes);
    stack.low = low;
    // The window's own guard may have been touched where the two overlap.
    base::os::install_guard(low - kGuardBytes, kGuardBytes);
  } else {
    stack_arena.shrink(stack);
  }
  keep(stack, region->unit_bytes == kSlotBytes ? slots_ : rooms_);
}

void StackCache::keep(const Stack& stack, List& list) {
  if (list.count == kCapacity) [[unlikely]] {
    // The oldest half: the newest are warm.
    stack_arena.release(list.items, kCapacity / 2);
    list.count = kCapacity / 2;
    for (unsigned i = 0; i < kCapacity / 2; ++i) list.items[i] = list.items[i + kCapacity / 2];
  }
  list.items[list.count++] = stack;
}

void StackCache::flush() {
  settle();
  for (List* list : {&slots_, &rooms_}) {
    stack_arena.release(list->items, list->count);
    list->count = 0;
  }
}

std::size_t StackCache::trim() {
  settle();
  std::size_t given_back = 0;
  for (List* list : {&slots_, &rooms_}) {
    for (unsigned i = 0; i < list->count; ++i) {
      given_back += trim_stack(list->items[i], list->items[i].top - 1);
    }
  }
  return given_back;
}

StackCounts stack_counts() { return stack_arena.counts(); }

}  // namespace gort::sched
