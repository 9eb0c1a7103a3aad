// Large objects: a span each, straight from the page allocator.
//
// They are cleared before anybody can find them, outside every lock. What was in use before is
// cleared by hand up to some size; beyond it that would be long for a section, in which nobody can
// stop the caller. So a caller who can clears it later, outside (`dirty`); for others the system
// gives other pages, cleared as they are touched, which costs several times as much.
//
// An alignment above a page is made by allocating more: the object begins somewhere in its first
// pages, and every address in the span leads to it.
// Runs on the caller's thread, inside a section unless the kind is manual. Not here: sizes up to
// 32 KiB (cache.cc).
#include <cstring>

#include "base/assert.h"
#include "base/os_linux.h"
#include "heap/cache.h"
#include "heap/central.h"
#include "heap/object.h"
#include "heap/race_detector.h"
#include "heap/sweep.h"

namespace gort::heap {
namespace {

// Clearing runs at some 10 GB/s: a tenth of a millisecond.
constexpr std::size_t kMostCleared = std::size_t{1} << 20;

}  // namespace

void* allocate_large(std::size_t bytes, std::size_t align, Kind kind, const Layout* layout,
                     bool* dirty, bool may_sweep) {
  const std::size_t more = detail::end_bytes(kind) + (align > kPageBytes ? align - kPageBytes : 0);
  std::size_t total;
  if (__builtin_add_overflow(bytes, more, &total)) return nullptr;
  if (total > bounds.bytes) return nullptr;
  if (may_sweep) sweep_for_pages(total >> kPageShift);
  Span* span = new_span(kLargeClass, kind, total == 0 ? 1 : total);
  if (span == nullptr) return nullptr;
  announce_new(span->base, span->bytes());
  if (!span->zero) {
    auto* const memory = reinterpret_cast<void*>(span->base);
    // The label of what has an end is looked at from now on, and what lies before an object that is
    // aligned to more than a page is nobody's to clear.
    const bool later =
        !kVerified && dirty != nullptr && kind != Kind::destructible && align <= kPageBytes;
    if (span->bytes() > kMostCleared && later) {
      *dirty = true;
    } else if (span->bytes() <= kMostCleared || !base::os::discard(memory, span->bytes())) {
      std::memset(memory, 0, span->bytes());
    }
  }
  span->layout = kind == Kind::scan ? layout : nullptr;
  span->free_slots = 0;
  span->marks[0] = kind == Kind::manual ? kUncollected : allocation_colour();
  publish_span(span);
  used_lists.add(kind, kLargeClass);
  Central& central = central_of(*span);
  {
    base::Guard guard(central.lock);
    span->place = SpanPlace::full;
    central.full.push(span);
    ++central.mallocs;
    central.malloc_bytes += span->bytes();
  }
  return reinterpret_cast<void*>((span->base + align - 1) & -align);
}

void release_large(Span* span) {
  unlist_large(span);
  free_span(span);
}

}  // namespace gort::heap
