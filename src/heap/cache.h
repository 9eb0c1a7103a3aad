// A cache: for each kind and size class, the run of free slots that its owner allocates from.
//
//     |  objects, dirty free slots, ... |  taken |  cleared  |  not yet cleared  |  next object ...
//                                               next        ready               end
//
// A run is consecutive free slots of one span. All are entered as allocated when the run is taken,
// so that an allocation is: load, add, compare, store. Memory is cleared about a kilobyte ahead of
// the pointer, when it is about to be written anyway; memory that reads as zeros is not.
//
// [HR1] next <= ready <= end, each where a slot begins; what lies between next and ready is zero.
//       So is free manual memory, but for links: the collector looks through all of it.
// [HR2] Slots in [next, end) have the current allocation colour or are manual: nobody frees them.
// Runs on the owner of the cache ([H2] in heap.h). Not here: refilling (cache.cc).
#pragma once

#include "heap/heap.h"
#include "heap/span.h"

namespace gort::heap {

// The verification of a cycle (gc/verify.cc) looks into every object that is entered as allocated:
// then nothing of the dead may be left in any, and memory is cleared as soon as it is taken.
#if defined(GORT_CHECKED)
inline constexpr bool kVerified = true;
#else
inline constexpr bool kVerified = false;
#endif

struct Run {
  char* next = nullptr;
  char* ready = nullptr;
  char* end = nullptr;
  Span* span = nullptr;
};

struct alignas(64) Cache {
  Run runs[kKindCount][kClassCount];

  // Objects without pointers of less than 16 bytes share slots.
  char* tiny_next = nullptr;
  char* tiny_end = nullptr;

  std::size_t debt = 0;  // bytes of runs taken since the collector was asked

  // Manual slots given back here, for reuse, linked through their first words.
  struct Released {
    void* head = nullptr;
    std::uint32_t count = 0;
  };
  Released released[kClassCount];

  // Not yet in the central lists' counts, and perhaps for the life of the program.
  std::uint64_t taken[kKindCount][kClassCount] = {};
  std::uint64_t freed[kClassCount] = {};  // manual
  std::uint64_t tiny_objects = 0;
  std::uint64_t tiny_slots = 0;

  // --- under the registry's lock (cache.cc)
  Cache* next = nullptr;
  bool shared = false;  // for manual memory only, behind a lock in heap.cc; visited by nobody
};

// Its untaken slots get `colour`, 0 for free.
void colour_untaken(const Run& run, std::uint8_t colour);

// Null when the run has no cleared slot left.
[[gnu::always_inline]] inline void* take_slot(Run& run, std::size_t slot_bytes) {
  char* const slot = run.next;
  if (slot == run.ready) [[unlikely]]
    return nullptr;
  run.next = slot + slot_bytes;
  return slot;
}

// The next slot, if that needs nothing but to take it. `cache` may be null.
[[gnu::always_inline]] inline void* try_slot(Cache* cache, Kind kind, unsigned size_class) {
  if (cache == nullptr) [[unlikely]]
    return nullptr;
  return take_slot(cache->runs[static_cast<unsigned>(kind)][size_class],
                   kSizeClasses[size_class].slot_bytes);
}

// Clears further, or takes another run of the same span; null when it has none left.
void* take_slot_near(Cache& cache, Kind kind, unsigned size_class);
// The same, or from another span; null when memory is out.
void* take_slot_slow(Cache& cache, Kind kind, unsigned size_class);

// Manual slots: kept for reuse, or returned to their spans when there are many.
void release_to(Cache& cache, void* body, unsigned size_class);
void* take_released(Cache& cache, unsigned size_class);  // null if there is none

// large.cc: an object with a span of its own; null when memory is out. `dirty`, if not null,
// becomes true if the memory is not zero: then the caller is to clear it. `may_sweep`: the caller
// is of the runtime, whose threads alone may report what they find dead.
void* allocate_large(std::size_t bytes, std::size_t align, Kind kind, const Layout* layout,
                     bool* dirty = nullptr, bool may_sweep = true);
void release_large(Span* span);

// The collector, or the stand-in that lets everything go ahead.
Collector* collector();

void flush_shared();

// What tiny objects add to the counts of their slots, from caches that were flushed.
std::uint64_t tiny_objects();

}  // namespace gort::heap
