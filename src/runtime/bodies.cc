// Where the public headers get memory: collected objects, and bodies of channels and timers.
//
// This is where the two pillars meet: the heap's cache is the processor's, so its use is a section.
//
// Bodies are counted (gort/detail/handle.hpp) and given back by hand, until they are found by
// tracing. A thread that the runtime does not know is not made known for a body's sake: variables
// at namespace scope are made before main and destroyed after it.
// Any thread, outside the runtime's sections or in a nested one. Not here: where the memory comes
// from (heap/heap.cc).
#include <algorithm>
#include <cstring>

#include "gort/detail/aggregate.hpp"
#include "gort/detail/barrier.hpp"
#include "gort/detail/handle.hpp"
#include "gort/detail/heap_core.hpp"
#include "heap/cache.h"
#include "sched/sched.h"

namespace gort::detail {

alignas(kHeapPageBytes) const unsigned char field_probe[1] = {};

namespace {

using sched::ParkingSection;

// In pieces that are a section each: the array of a large container may have many megabytes.
[[gnu::noinline, gnu::cold]] void show_and_clear(void* body) {
  constexpr std::size_t kPieceWords = std::size_t{8} << 10;
  auto** slot = static_cast<void**>(body);
  for (std::size_t words = heap::body_bytes(body) / sizeof(void*); words > 0;) {
    const std::size_t piece = std::min(words, kPieceWords);
    move_slots(slot, nullptr, piece);
    slot += piece;
    words -= piece;
  }
}

[[gnu::noinline]] void* allocate_slot_slow(object_kind kind, unsigned size_class) {
  ParkingSection section;
  return heap::allocate_slot(kind, size_class);
}

}  // namespace

#if defined(__SANITIZE_THREAD__)
void* allocate_slot(object_kind kind, unsigned size_class, std::size_t) {
  return allocate_slot_slow(kind, size_class);
}
#else
// A section (sched/safepoint.h), written out for what is common: no other is around it, and nobody
// wants the thread to stop. So no load waits for the store before it, and nothing is saved.
void* allocate_slot(object_kind kind, unsigned size_class, std::size_t) {
  sched::Thread* const thread = base::current_thread();
  if (thread->inside.load(std::memory_order_relaxed) != 0) [[unlikely]]
    return allocate_slot_slow(kind, size_class);
  thread->inside.store(1, std::memory_order_relaxed);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  void* slot = nullptr;
  if (thread->attention.load(std::memory_order_acquire) == 0) [[likely]] {
    slot = heap::try_slot(thread->cache, kind, size_class);
  }
  thread->inside.store(0, std::memory_order_release);  // as sched::leave
  if (slot == nullptr) [[unlikely]]
    return allocate_slot_slow(kind, size_class);
  return slot;
}
#endif

void* allocate_object(std::size_t bytes, std::size_t align, object_kind kind,
                      const object_layout* layout, std::size_t filled) {
  void* object;
  bool dirty = false;
  {
    ParkingSection section;
    object = heap::allocate(bytes, align, kind, layout, &dirty);
  }
  // Many megabytes may be left to clear: outside the section the caller can be stopped meanwhile.
  if (dirty) {
    const std::size_t extent = object_extent(bytes, align, kind);
    std::memset(static_cast<char*>(object) + filled, 0, extent - filled);
  }
  note_type(object, layout != nullptr ? layout->type : nullptr);
  return object;
}

void* allocate_body(std::size_t bytes, std::size_t align) {
  if (!sched::is_attached()) return heap::allocate(bytes, align, false);
  ParkingSection section;
  return heap::allocate(bytes, align, true);
}

// The collector may not have looked through it yet, and what it held was perhaps read by those who
// have been scanned ([GS5] in docs/COLLECTOR.md). So it is given back in a section in which nothing
// is marked, or in which it shows nothing any more.
void free_body(void* body) noexcept {
  if (!sched::is_attached()) return heap::release(body, false);
  for (bool cleared = false;; cleared = true) {
    if (ParkingSection section; cleared || !is_marking()) [[likely]]
      return heap::release(body, true);
    show_and_clear(body);
  }
}

}  // namespace gort::detail
