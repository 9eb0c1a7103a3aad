// The door of the heap: where memory for objects comes from, and who is asked before more is taken.
//
// Objects are found by tracing, from roots that the collector knows (gc/), and die when a sweep
// finds them unmarked. The heap knows sizes, kinds and colours; it neither traces nor decides when
// to collect: the Collector, an interface with an answer for when there is none, is asked on slow
// paths only. Besides, memory can be had that is given back by hand: Kind::manual.
//
// Each processor, and each attached thread that gort did not make, has a Cache from which it
// allocates without lock, atomic instruction or test of what the collector is doing.
//
// [H2] A cache is used by its owner inside a runtime section, or while the owner is stopped or
//      claimed outside (base/thread_front.h): so the colour of new objects cannot change between
//      taking a slot and using it.
// Not here: what the collector may look at (object.h), how a thread enters a section
// (sched/safepoint.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "heap/size_class.h"

namespace gort::heap {

using Kind = detail::object_kind;
using Layout = detail::object_layout;

// The collections that there were for one allocation.
struct Reclaims {
  unsigned all = 0;
  unsigned in_vain = 0;  // they freed less than it wants
};

// What the heap asks the collector (gc/), on slow paths. No lock of the heap is held meanwhile.
class Collector {
 public:
  // So many bytes were taken since the last question, and so many are about to be. May park the
  // caller, who may come back on another processor: the heap looks at its cache only afterwards.
  virtual void before_refill(std::size_t taken, std::size_t wanted) = 0;
  // No memory is left for `bytes`: true to try again. May park as above.
  virtual bool reclaim(std::size_t bytes, Reclaims& tried) = 0;
  // In the sweep: an object with kHasSpecial (object.h) was not reached and its slot is about to be
  // free. Whoever sweeps; must not allocate.
  virtual void slot_died(void* object, std::uint8_t flags) = 0;

 protected:
  ~Collector() = default;
};
void set_collector(Collector* collector);  // once, before the first collection; null: none

// --- caches
struct Cache;
Cache* new_cache();  // a processor's, for ever
// Gives everything in the cache back, so that statistics are exact. Its owner, or see [H2].
void flush(Cache& cache);

// --- objects
// Zeroed memory, from the running thread's cache; inside a section; may
// park. Never null: when there is none left the process ends with `fatal error: out of memory`.
// `align` is a power of two. `layout` null: every word may be a pointer; only for scan and
// destructible.
// `dirty`, if not null, becomes true if the memory is not zero, which only large objects' may be:
// the caller clears it, outside the section. Until then the marker may meet addresses in it that
// mean nothing, as on a stack.
void* allocate(std::size_t bytes, std::size_t align, Kind kind, const Layout* layout,
               bool* dirty = nullptr);
// The same for an object whose class is known (class_of), not large, not manual, without a layout.
void* allocate_slot(Kind kind, unsigned size_class);
// The first again, but from `cache`, without asking the collector: null when memory is out.
void* allocate_from(Cache& cache, std::size_t bytes, std::size_t align, Kind kind,
                    const Layout* layout);

// --- memory given back by hand; any thread. Inside a section, and `attached`; or else from a cache
// that all such threads share behind a lock: before the runtime runs, and after a thread has left.
void* allocate(std::size_t bytes, std::size_t align, bool attached = true);
void release(void* body, bool attached = true) noexcept;
// How large its slot is.
std::size_t body_bytes(const void* body) noexcept;

// --- numbers: Go's MemStats. Objects in caches' runs count as allocated until a flush.
struct Statistics {
  struct Size {
    std::size_t bytes = 0;
    std::uint64_t mallocs = 0, frees = 0;
  };
  std::uint64_t mallocs = 0, frees = 0;  // objects
  std::uint64_t total_bytes = 0;         // ever allocated
  std::size_t live_bytes = 0;            // allocated and not yet freed
  std::size_t system_bytes = 0;          // in_use + idle
  std::size_t in_use_bytes = 0;          // of spans
  std::size_t idle_bytes = 0;            // not in spans
  std::size_t returned_bytes = 0;        // part of idle: given back to the system, or never used
  std::size_t table_bytes = 0;           // the heap's own records
  std::array<Size, kClassCount> sizes;   // [0]: large objects
};
Statistics statistics();

// The heap's part of the process's memory: a moment old, and quickly had.
struct Footprint {
  std::size_t mapped_bytes = 0;  // pages, but for those that were given back, and tables
  std::size_t idle_bytes = 0;    // part of it: pages in no span
  std::size_t room_bytes = 0;    // of the arena, in no span
};
Footprint footprint();
// By how much it would grow for a large object of so many bytes, now: not at all if idle pages hold
// it.
std::size_t growth_for(std::size_t bytes);

// Gives idle memory back to the system, from the top of the heap: about `bytes` of it, SIZE_MAX for
// all. Returns how much it was. Any thread; system calls, no lock held.
std::size_t release_some(std::size_t bytes);
// The same for the tables of what was there once: a step, from `page` on, which begins with 0.
// False when that was the last. Holds a lock of the heap across a system call: for the background.
bool release_marks(std::size_t& page);
// The other way round: whether memory is about to be needed that the kernel has not given us yet,
// and a step of fetching it, which may take milliseconds; false when there is enough. By a thread
// that is in nobody's way.
bool wants_fetching();
bool fetch_some();

}  // namespace gort::heap
