// Stacks that are mappings of their own: for limits beyond a room.
//
// They are few, and asked for by a goroutine with such a limit only. Which addresses are theirs is
// in a table that is read without a lock: for each its two ends. Above a stack nothing else is
// mapped, so a pointer just past its end is nobody's.
//
// Runs inside the runtime, behind the arena's lock; questions on any thread. Not here: all other
// stacks (stack_arena.cc).
#include <new>

#include "base/assert.h"
#include "base/os_linux.h"
#include "sched/stack_arena.h"

namespace gort::sched {

Stack StackArena::acquire_own(std::size_t limit) {
  const std::size_t page = base::os::page_bytes();
  const std::size_t usable = (limit + page - 1) / page * page;
  const std::size_t gap = (kGapBytes + page - 1) / page * page;
  const std::size_t bytes = kGuardBytes + usable + gap;
  auto* base = static_cast<char*>(base::os::reserve(bytes));
  if (base == nullptr) base::fatal(base::FatalScope::current, "out of memory");
  base::os::forbid_huge_pages(base, bytes);
  if (!base::os::install_guard(base, kGuardBytes)) {
    base::fatal(base::FatalScope::current, "out of memory");
  }
  const Stack stack{base + bytes - gap, base + kGuardBytes};
  note_own(stack);
  own_out_.fetch_add(1, std::memory_order_relaxed);
  return stack;
}

void StackArena::release_own(const Stack& stack) {
  forget_own(stack);
  const std::size_t page = base::os::page_bytes();
  const std::size_t gap = (kGapBytes + page - 1) / page * page;
  char* base = stack.low - kGuardBytes;
  base::os::unmap(base, static_cast<std::size_t>(stack.top + gap - base));
  own_out_.fetch_sub(1, std::memory_order_relaxed);
}

void StackArena::note_own(const Stack& stack) {
  base::Guard guard(lock_);
  std::atomic<OwnBlock*>* link = &own_blocks_;
  for (OwnBlock* block; (block = link->load(std::memory_order_relaxed)) != nullptr;
       link = &block->next) {
    for (MemoryRange& range : block->ranges) {
      if (range.get().high == nullptr) return range.set({stack.low, stack.top});
    }
  }
  auto* block = new (base::os::map_or_die(sizeof(OwnBlock))) OwnBlock();
  block->ranges[0].set({stack.low, stack.top});
  link->store(block, std::memory_order_release);  // pairs with is_own
}

void StackArena::forget_own(const Stack& stack) {
  base::Guard guard(lock_);
  OwnBlock* block = own_blocks_.load(std::memory_order_relaxed);
  for (; block != nullptr; block = block->next.load(std::memory_order_relaxed)) {
    for (MemoryRange& range : block->ranges) {
      if (range.get().high == stack.top) return range.set({});
    }
  }
}

bool StackArena::is_own(const void* address) {
  const OwnBlock* block = own_blocks_.load(std::memory_order_acquire);
  for (; block != nullptr; block = block->next.load(std::memory_order_acquire)) {
    for (const MemoryRange& range : block->ranges) {
      if (range.get().contains(address)) return true;
    }
  }
  return false;
}

bool StackArena::contains(const void* address) {
  if (region_of(address) != nullptr) return true;
  return own_out_.load(std::memory_order_relaxed) != 0 && is_own(address);
}

}  // namespace gort::sched
