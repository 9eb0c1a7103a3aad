// Stacks: windows of address space that fill with memory as they are used, and never move.
//
// A window costs address space, a guard at its low end and, once touched, one OS page at its top.
// There are two kinds. *Rooms* are as large as the default limit and taken while few goroutines
// live, by spawn sites that are rare or have gone deep before, and by goroutines with an explicit
// limit.
// *Slots* are 256 KB: a million of them share page tables, which a million rooms would not (4.8 KB
// against 8.6 KB a goroutine). A slot that overflows grows in place: the fault handler takes the
// free slot below it (stack_grow.cc). Slots are handed out sparsely first, so that the neighbours
// are usually free.
//
// Stack tops are coloured: with equal page offsets all goroutines' hottest lines would compete for
// the same cache sets, which costs a factor of 3 to 5 at a thousand goroutines.
//
// [K1] A window is owned by exactly one of: a goroutine, a processor's cache, the arena's free
//      list, the slot above that grew into it.
// [K2] Below the low end of every window in use there is a guard, larger than any frame the library
//      has. Runs on any thread inside the runtime. Not here: faults and growth (stack_grow.cc),
//      giving memory back (stack_trim.cc).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/spin_lock.h"
#include "sched/goroutine.h"

namespace gort::sched {

inline constexpr std::size_t kSlotBytes = std::size_t{256} << 10;
// A multiple of the OS page: 64 KB pages exist on aarch64 only, and a guard costs time for each
// page it has.
#if defined(__aarch64__)
inline constexpr std::size_t kGuardBytes = std::size_t{64} << 10;
#else
inline constexpr std::size_t kGuardBytes = std::size_t{16} << 10;
#endif
inline constexpr std::size_t kMinStackLimit = std::size_t{16} << 10;
inline constexpr std::size_t kMaxStackLimit = std::size_t{1} << 30;
#if defined(GORT_STACK_LIMIT_MIB)
inline constexpr std::size_t kDefaultStackLimit = std::size_t{GORT_STACK_LIMIT_MIB} << 20;
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr std::size_t kDefaultStackLimit = std::size_t{64} << 20;  // shadow multiplies it
#else
inline constexpr std::size_t kDefaultStackLimit = std::size_t{256} << 20;
#endif
static_assert(kDefaultStackLimit >= (std::size_t{1} << 20) && kDefaultStackLimit <= kMaxStackLimit);

// Where a window's first frame goes. Coloured by the window's number, so that reuse finds its lines
// warm; hashed, since the numbers of windows in use have a common factor.
inline char* first_frame(const Stack& stack) {
  const std::size_t number = reinterpret_cast<std::uintptr_t>(stack.top) / kSlotBytes;
  return stack.top - (number * 0x9e3779b97f4a7c15 >> 60) * 64;
}

// Windows that a processor keeps: LIFO, their top pages still in memory. Owner only.
class StackCache {
 public:
  // A window for a goroutine spawned at `site` with `limit` (0: the default). Dies with out of
  // memory.
  Stack acquire(detail::closure_entry site, std::size_t limit);
  // Of a goroutine that has ended. The caller may still be running on it, inside the runtime.
  void release(Stack stack);
  void flush();        // everything to the arena
  std::size_t trim();  // bytes given back of what is kept here

 private:
  static constexpr unsigned kCapacity = 64;
  struct List {
    Stack items[kCapacity];
    unsigned count = 0;
  };
  Stack take(List& list, bool room);
  void settle();
  void keep(const Stack& stack, List& list);

  // Of the last goroutine here whose window was not ordinary: it may still have been on it when it
  // gave it back.
  Stack unsettled_;
  List slots_;
  List rooms_;
};

// The limit of goroutines without their own; set_max_stack. Setting it also limits the calling
// goroutine.
std::size_t default_stack_limit();
void set_default_stack_limit(std::size_t bytes);
void limit_stack(Stack& stack, std::size_t bytes);

enum class Growth : std::uint8_t { grown, overflow, not_this_stack };
// Called by the SIGSEGV handler with the faulting address; async-signal-safe.
Growth grow_stack(Goroutine* goroutine, const void* address);
std::size_t stack_limit_of(const Goroutine* goroutine);

// True if goroutines of this site have outgrown a slot before.
bool site_is_deep(detail::closure_entry site);
void note_deep_site(detail::closure_entry site);
// True if a goroutine of this site may begin on a window that another has just left.
bool is_fit_for(const Stack& stack, detail::closure_entry site);

// Gives back what lies below the page of `sp` if the stack has been deeper. Returns the bytes given
// back.
std::size_t trim_stack(const Stack& stack, const void* sp);

struct StackCounts {
  std::size_t slots, rooms, own;  // handed out, cached ones included
};
StackCounts stack_counts();

}  // namespace gort::sched
