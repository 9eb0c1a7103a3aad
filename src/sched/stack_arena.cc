// Cutting windows from regions, guarding them once, and taking them back.
//
// Units are handed out sparsely, fresh ones and free ones: every eighth first, then between those.
// So there is room to grow into: 2 MB while there are few thousand goroutines, and one slot at
// least until they are half a block. A unit's guard is installed when it is first handed out and
// stays for ever: giving its memory back does not remove it. When address space is short
// (RLIMIT_AS, overcommit 2) regions shrink and rooms become slots.
//
// [A1] A unit in a free list has state `free`, or was taken by growth since: then it is skipped,
//      and comes back when that stack shrinks.
// Runs inside the runtime, behind the arena's lock. Not here: growth itself (stack_grow.cc).
#include "sched/stack_arena.h"

#include <sys/auxv.h>
#include <sys/mman.h>

#include <cstring>
#include <new>

#include "base/assert.h"
#include "base/os_linux.h"
#include "gort/detail/stack_range.hpp"
#include "sched/sanitizer.h"

#if __has_include(<valgrind/valgrind.h>) && defined(GORT_VALGRIND)
#include <valgrind/valgrind.h>
#define GORT_REGISTER_STACK(low, high) VALGRIND_STACK_REGISTER(low, high)
#else
#define GORT_REGISTER_STACK(low, high) static_cast<void>(0)
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

namespace gort::sched {
namespace {

// Each region is four times the last of its kind: an emulator (qemu-user) and a checkpoint pay for
// address space by the page, though the kernel does not, and most programs have few goroutines.
// Within a region units are handed out block by block: a sparse block has more page tables than it
// needs.
constexpr std::size_t kUnitsPerBlock = 64 << 10;
constexpr std::size_t kPassStride[kPasses] = {8, 8, 4, 2};  // 0 mod 8, 4 mod 8, 2 mod 4, odd
constexpr std::size_t kFirstSlot = 8;
constexpr std::size_t kFirstSlotRegionBytes = std::size_t{16} << 30;
constexpr std::size_t kMostSlotRegionBytes = std::size_t{64} << 30;
constexpr std::size_t kFirstRoomRegionBytes = std::size_t{32} << 30;
constexpr std::size_t kMostRoomRegionBytes = std::size_t{1} << 40;
constexpr std::size_t kLeastRegionBytes = std::size_t{64} << 20;
// What a core dump shows of a room: deeper parts would make every core walk gigabytes of holes.
constexpr std::size_t kDumpedBytes = std::size_t{1} << 20;
constexpr std::size_t kDumpedRooms = 2048;

// Slots become visible to core dumps in blocks: a mapping each would exceed vm.max_map_count.
constexpr std::size_t kSlotsPerBlock = 1024;

void include_window_in_core(const UnitRegion& region, std::size_t index) {
  char* base = region.base + index * region.unit_bytes;
  if (region.unit_bytes != kSlotBytes) {
    // Two mappings each: affordable for a thousand, and later goroutines are like the earlier ones.
    if (index >= kDumpedRooms) return;
    base::os::include_in_core(base + region.unit_bytes - kDumpedBytes, kDumpedBytes);
  } else {
    const std::size_t block = index - index % kSlotsPerBlock;
    if (index != (block == 0 ? kFirstSlot : block))
      return;  // the first of a block to be handed out
    const std::size_t left = region.count - block;
    const std::size_t slots = left < kSlotsPerBlock ? left : kSlotsPerBlock;
    base::os::include_in_core(region.base + block * kSlotBytes, slots * kSlotBytes);
  }
}

// A stack deeper than this is one of few and will be deeper still: the rest of a room comes in huge
// pages. They save most of the faults on the way down, and the misses of the TLB on the way back.
constexpr std::size_t kHugePage = std::size_t{2} << 20;

void use_huge_pages_deep_down(const UnitRegion& region, std::size_t index) {
  if (region.unit_bytes < 4 * kHugePage || index >= kDumpedRooms)
    return;  // a mapping more for each
  char* base = region.base + index * region.unit_bytes;
  base::os::allow_huge_pages(base + kHugePage, region.unit_bytes - 2 * kHugePage);
}

unsigned pass_of(std::size_t index) {
  return index % 8 == 0 ? 0 : index % 8 == 4 ? 1 : index % 4 == 2 ? 2 : 3;
}

Stack window_of(const UnitRegion& region, std::size_t index) {
  char* base = region.base + index * region.unit_bytes;
  return {base + region.unit_bytes, base + kGuardBytes};
}

}  // namespace

constinit base::NeverDestroyed<StackArena> stack_arena_storage;

}  // namespace gort::sched

// Where no address is, until there are windows.
constinit gort::detail::stack_range gort::detail::goroutine_stacks{std::uintptr_t{1} << 62, 0};

namespace gort::sched {

UnitRegion* StackArena::region_of(const void* address) {
  const std::size_t count = region_count_.load(std::memory_order_acquire);
  for (std::size_t i = 0; i < count; ++i) {
    if (regions_[i].contains(address)) return &regions_[i];
  }
  return nullptr;
}

bool StackArena::rooms_are_scarce() const {
  return rooms_out_.load(std::memory_order_relaxed) >= kCommonRooms ||
         rooms_ended_.load(std::memory_order_relaxed);
}

// Regions follow each other in a part of the address space that nobody else uses unasked: then one
// comparison says of nearly every address on a stack that it is on one. Where it cannot be so the
// slower question (contains) has the same answer.
void* StackArena::reserve_next(std::size_t bytes) {
  detail::stack_range& all = detail::goroutine_stacks;
  constexpr std::uintptr_t kFirst = std::uintptr_t{32} << 40;
  constexpr std::uintptr_t kRandomStep = std::uintptr_t{1} << 30, kRandomSteps = 8'192;
  std::uintptr_t hint = all.base + all.bytes;
  if (all.bytes == 0) {
    std::uint64_t random;
    std::memcpy(&random, reinterpret_cast<const void*>(::getauxval(AT_RANDOM)), sizeof random);
    hint = kFirst + random % kRandomSteps * kRandomStep;
  }
  void* const memory =
      base::os::reserve(bytes, kSanitized ? nullptr : reinterpret_cast<void*>(hint));
  if (memory == nullptr) return nullptr;
  const auto base = reinterpret_cast<std::uintptr_t>(memory);
  if (all.bytes == 0) {
    __atomic_store_n(&all.base, base, __ATOMIC_RELAXED);
    __atomic_store_n(&all.bytes, bytes, __ATOMIC_RELEASE);
  } else if (base == hint) {
    __atomic_store_n(&all.bytes, all.bytes + bytes, __ATOMIC_RELEASE);
  }
  return memory;
}

bool StackArena::add_region(bool room) {
  const std::size_t index = region_count_.load(std::memory_order_relaxed);
  if (index == kMaxRegions || (room && rooms_ended_.load(std::memory_order_relaxed))) return false;
  if (room_bytes_ == 0) room_bytes_ = kDefaultStackLimit + kGuardBytes;
  const std::size_t unit =
      room ? (room_bytes_ + (2 << 20) - 1) / (2 << 20) * (2 << 20) : kSlotBytes;
  std::size_t bytes = room ? kFirstRoomRegionBytes : kFirstSlotRegionBytes;
  const std::size_t most = room ? kMostRoomRegionBytes : kMostSlotRegionBytes;
  for (std::size_t i = 0; i < index && bytes < most; ++i) {
    if ((regions_[i].unit_bytes != kSlotBytes) == room) bytes *= 4;
  }
  const bool first = bytes == kFirstRoomRegionBytes;
  char* base = nullptr;
  for (; bytes >= kLeastRegionBytes && bytes >= 2 * unit; bytes /= 4) {
    base = static_cast<char*>(reserve_next(bytes));
    if (base != nullptr) break;
    // Address space is short: rooms end here, so that there is some for slots.
    if (room && !first) break;
  }
  if (base == nullptr) {
    if (room) rooms_ended_.store(true, std::memory_order_relaxed);
    return false;
  }
  base::os::forbid_huge_pages(base, bytes);
  base::os::exclude_from_core(base, bytes);
  base::os::name_mapping(base, bytes, room ? "gort stacks (rooms)" : "gort stacks");
  UnitRegion& region = regions_[index];
  char* const end = base + bytes;
  region.base = base + (-reinterpret_cast<std::uintptr_t>(base) & (kHugePage - 1));
  // A room's guard and the top of the room below share a page table, and so each room needs one.
  if (room) region.base += kHugePage / 2;
  region.unit_bytes = unit;
  // Slot 0 has none below that it could grow into.
  if (!room) region.next[0] = kFirstSlot;
  region.count = static_cast<std::size_t>(end - region.base) / unit;
  region.units = static_cast<std::atomic<Unit>*>(base::os::map_or_die(region.count));
  region_count_.store(index + 1, std::memory_order_release);  // pairs with region_of
  return true;
}

bool StackArena::carve(UnitRegion& region, Stack& out) {
  for (;;) {
    for (unsigned pass = 0; pass < kPasses; ++pass) {
      while (region.next[pass] < region.block_end) {
        const std::size_t index = region.next[pass];
        region.next[pass] += kPassStride[pass];
        if (take_fresh(region, index, out)) return true;
      }
    }
    if (region.block_end == region.count) return false;
    const std::size_t left = region.count - region.block_end;
    region.block_end += left < kUnitsPerBlock ? left : kUnitsPerBlock;
  }
}

bool StackArena::take_fresh(UnitRegion& region, std::size_t index, Stack& out) {
  Unit expected = Unit::fresh;
  if (!region.units[index].compare_exchange_strong(expected, Unit::used)) return false;  // [A1]
  out = window_of(region, index);
  // Where guards cost a mapping each there may be none left: then only slots with a free one below
  // are used.
  if (!base::os::guards_are_free() &&
      !base::os::install_guard(out.low - kGuardBytes, kGuardBytes) &&
      region.unit_bytes == kSlotBytes && index % 2 == 1) {
    return false;
  }
  include_window_in_core(region, index);
  use_huge_pages_deep_down(region, index);
  GORT_REGISTER_STACK(out.low, out.top);
  return true;
}

// Guards for new windows, and their first pages, in one system call each: a third cheaper than
// faulting one by one.
void StackArena::prepare_fresh(Stack* const* fresh, unsigned count, bool room) {
  void* addresses[kMaxBatch];
  if (base::os::guards_are_free()) {
    for (unsigned i = 0; i < count; ++i) addresses[i] = fresh[i]->low - kGuardBytes;
    base::os::install_guards(addresses, count, kGuardBytes);
  }
  // Where rooms are in use goroutines are few, and a page that is not needed would show.
  if (room || count < 2) return;
  const std::size_t page = base::os::page_bytes();
  for (unsigned i = 0; i < count; ++i) addresses[i] = fresh[i]->top - page;
  base::os::populate(addresses, count, page);
}

std::vector<Stack>& StackArena::free_list(const UnitRegion& region, std::size_t index) {
  return region.unit_bytes == kSlotBytes ? free_slots_[pass_of(index)] : free_rooms_;
}

bool StackArena::reuse(std::vector<Stack>& free, Stack& out) {
  while (!free.empty()) {
    out = free.back();
    free.pop_back();
    UnitRegion* region = region_of(out.low);
    Unit expected = Unit::free;
    if (region->units[region->index_of(out.low)].compare_exchange_strong(expected, Unit::used)) {
      return true;
    }
  }
  return false;
}

bool StackArena::reuse(bool room, Stack& out) {
  if (room) return reuse(free_rooms_, out);
  for (auto& free : free_slots_) {
    if (reuse(free, out)) return true;
  }
  return false;
}

unsigned StackArena::acquire(bool room, Stack* out, unsigned count) {
  base::Guard guard(lock_);
  unsigned taken = 0;
  Stack* fresh[kMaxBatch];
  unsigned fresh_count = 0;
  while (taken < count) {
    if (reuse(room, out[taken])) {
      ++taken;
      continue;
    }
    bool carved = false;
    const std::size_t regions = region_count_.load(std::memory_order_relaxed);
    for (std::size_t i = 0; !carved && i < regions; ++i) {
      const bool is_room = regions_[i].unit_bytes != kSlotBytes;
      if (is_room == room) carved = carve(regions_[i], out[taken]);
    }
    if (carved) {
      fresh[fresh_count++] = &out[taken++];
    } else if (taken > 0 || !add_region(room)) {
      break;
    }
  }
  prepare_fresh(fresh, fresh_count, room);
  (room ? rooms_out_ : slots_out_).fetch_add(taken, std::memory_order_relaxed);
#if defined(__SANITIZE_ADDRESS__)
  for (unsigned i = 0; i < taken; ++i) {
    // The leak checker should see what parked goroutines hold: the pages that stacks usually live
    // in.
    __lsan_register_root_region(out[i].top - (std::size_t{16} << 10), std::size_t{16} << 10);
  }
#endif
  return taken;
}

void StackArena::release(const Stack* stacks, unsigned count) {
  base::Guard guard(lock_);
  for (unsigned i = 0; i < count; ++i) {
#if defined(__SANITIZE_ADDRESS__)
    __lsan_unregister_root_region(stacks[i].top - (std::size_t{16} << 10), std::size_t{16} << 10);
#endif
    UnitRegion* region = region_of(stacks[i].low);
    const std::size_t index = region->index_of(stacks[i].low);
    free_list(*region, index).push_back(stacks[i]);
    region->units[index].store(Unit::free, std::memory_order_release);
    const bool room = region->unit_bytes != kSlotBytes;
    (room ? rooms_out_ : slots_out_).fetch_sub(1, std::memory_order_relaxed);
  }
}

void StackArena::shrink(Stack& stack) {
  UnitRegion* region = region_of(stack.top - 1);
  const std::size_t top_unit = region->index_of(stack.top - 1);
  const std::size_t low_unit = region->index_of(stack.low);
  const Stack original = window_of(*region, top_unit);
  if (low_unit == top_unit) return;
  base::os::discard(stack.low, static_cast<std::size_t>(original.low - stack.low));
  base::os::install_guard(original.low - kGuardBytes, kGuardBytes);
  base::Guard guard(lock_);
  for (std::size_t unit = low_unit; unit < top_unit; ++unit) {
    const Stack window = window_of(*region, unit);
    base::os::install_guard(window.low - kGuardBytes, kGuardBytes);
    free_list(*region, unit).push_back(window);
    region->units[unit].store(Unit::free, std::memory_order_release);
  }
  stack = original;
}

StackCounts StackArena::counts() {
  return {slots_out_.load(std::memory_order_relaxed), rooms_out_.load(std::memory_order_relaxed),
          own_out_.load(std::memory_order_relaxed)};
}

// Number `at` of all that are free, those to be handed out first in front.
const Stack& StackArena::free_window(std::size_t at) const {
  for (const auto& free : free_slots_) {
    if (at < free.size()) return free[at];
    at -= free.size();
  }
  return free_rooms_[at];
}

std::size_t StackArena::trim_free(std::size_t budget) {
  std::size_t given_back = 0;
  base::Guard guard(lock_);
  std::size_t total = free_rooms_.size();
  for (const auto& free : free_slots_) total += free.size();
  if (budget > total) budget = total;
  for (std::size_t i = 0; i < budget; ++i) {
    const std::size_t at = trim_cursor_++ % total;
    const Stack& stack = free_window(at);
    UnitRegion* region = region_of(stack.low);
    std::atomic<Unit>& unit = region->units[region->index_of(stack.low)];
    Unit expected = Unit::free;
    // Growth must not use it meanwhile.
    if (!unit.compare_exchange_strong(expected, Unit::trimmed)) continue;
    // Nobody runs here: the top page goes too, beyond what bursts will want again.
    const bool keep_top = at < 1024;
    given_back += trim_stack(stack, keep_top ? stack.top - 1 : stack.top);
    unit.store(Unit::free, std::memory_order_release);
  }
  return given_back;
}

}  // namespace gort::sched
