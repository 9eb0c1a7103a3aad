// The reserved regions that windows are cut from.
//
// A region is a run of equal units (slots of 256 KB, or rooms), with one byte of ownership per unit
// that the fault handler may change by compare-and-swap; everything else is behind the arena's
// lock. Internal to the three stack files. Not here: what a window is (stack.h).
#pragma once

#include <atomic>
#include <vector>

#include "base/never_destroyed.h"
#include "sched/stack.h"
#include "sched/thread_memory.h"

namespace gort::sched {

enum class Unit : std::uint8_t {
  fresh,      // never handed out; no guard yet
  free,       // in the free list
  used,       // a goroutine's or a cache's
  extension,  // the lower part of the stack above
  trimmed,    // free, and its memory is being given back: for a moment only
};

inline constexpr unsigned kPasses = 4;

struct UnitRegion {
  char* base = nullptr;
  std::size_t unit_bytes = 0;
  std::size_t count = 0;
  std::atomic<Unit>* units = nullptr;
  // Under the arena's lock: the next unit of each pass over the block that is being handed out, and
  // where that ends (carve).
  std::size_t next[kPasses] = {0, 4, 2, 1};
  std::size_t block_end = 0;

  bool contains(const void* address) const {
    const char* at = static_cast<const char*>(address);
    return at >= base && at < base + unit_bytes * count;
  }
  std::size_t index_of(const void* address) const {
    return static_cast<std::size_t>(static_cast<const char*>(address) - base) / unit_bytes;
  }
};

class StackArena {
 public:
  // Up to `count` windows; at least one, or out of memory.
  unsigned acquire(bool room, Stack* out, unsigned count);
  void release(const Stack* stacks, unsigned count);
  // A mapping of its own for a limit beyond a room.
  Stack acquire_own(std::size_t limit);
  void release_own(const Stack& stack);
  // Gives back the units that a stack grew into; it is as it was handed out then.
  void shrink(Stack& stack);

  // Async-signal-safe; null if the address is in no region.
  UnitRegion* region_of(const void* address);
  // In a window of any kind? Async-signal-safe.
  bool contains(const void* address);
  bool rooms_are_scarce() const;
  std::size_t room_bytes() const { return room_bytes_; }
  StackCounts counts();
  std::size_t trim_free(std::size_t budget);

 private:
  static constexpr std::size_t kMaxRegions = 256;
  static constexpr unsigned kMaxBatch = 64;
  static constexpr std::size_t kGapBytes = std::size_t{16} << 10;

  // Mappings of one stack each; the table grows by blocks and never shrinks.
  struct OwnBlock {
    static constexpr std::size_t kCapacity = 255;
    MemoryRange ranges[kCapacity];  // changed under lock_
    std::atomic<OwnBlock*> next{nullptr};
  };
  void note_own(const Stack& stack);
  void forget_own(const Stack& stack);
  bool is_own(const void* address);

  void* reserve_next(std::size_t bytes);
  bool add_region(bool room);
  bool carve(UnitRegion& region, Stack& out);
  bool take_fresh(UnitRegion& region, std::size_t index, Stack& out);
  void prepare_fresh(Stack* const* fresh, unsigned count, bool room);
  bool reuse(bool room, Stack& out);
  bool reuse(std::vector<Stack>& free, Stack& out);
  std::vector<Stack>& free_list(const UnitRegion& region, std::size_t index);
  const Stack& free_window(std::size_t at) const;

  base::SpinLock lock_;
  std::vector<Stack> free_slots_[kPasses], free_rooms_;  // under lock_; slots by pass
  std::size_t trim_cursor_ = 0;                          // under lock_
  UnitRegion regions_[kMaxRegions];                      // filled under lock_, then constant
  std::atomic<std::size_t> region_count_{0};
  std::atomic<OwnBlock*> own_blocks_{nullptr};  // added under lock_
  std::size_t room_bytes_ = 0;
  std::atomic<bool> rooms_ended_{false};  // no address space for more of them
  std::atomic<std::size_t> rooms_out_{0}, slots_out_{0}, own_out_{0};
};

// Never destroyed, and there before any constructor runs: handles in variables at namespace scope
// ask it about themselves.
extern constinit base::NeverDestroyed<StackArena> stack_arena_storage;
inline constexpr StackArena& stack_arena = stack_arena_storage.value;

// Rooms in use beyond which ordinary goroutines get slots. A room's page has page tables of two
// levels for itself: memory, and two cache misses more whenever it is not in the TLB.
inline constexpr std::size_t kCommonRooms = 768;
inline constexpr std::size_t kMaxRooms = 32 << 10;  // deep sites and explicit limits included

}  // namespace gort::sched
