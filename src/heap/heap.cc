// Allocation, from the door to the first free slot. See heap.h.
//
// The order in the slow path is the contract with the collector: pay first, then look. What was
// taken since the last payment, and what is about to be, is told to the collector, which may park
// us; whose cache we use is asked afterwards.
//
// Objects without pointers of less than 16 bytes are packed into slots of 16, as in Go: a program
// full of small boxed numbers needs a half or a quarter of the memory. The slot lives as long as
// any of them.
#include "heap/heap.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "base/assert.h"
#include "base/spin_lock.h"
#include "base/thread_front.h"
#include "heap/cache.h"
#include "heap/central.h"

namespace gort::heap {
namespace {

using detail::end_bytes;
using detail::has_layout_word;
using detail::is_tiny;
using detail::kTinyBytes;
using detail::object_class;

class NoCollector final : public Collector {
  void before_refill(std::size_t, std::size_t) override {}
  bool reclaim(std::size_t, Reclaims&) override { return false; }
  void slot_died(void*, std::uint8_t) override {}
};
constinit NoCollector no_collector;
constinit std::atomic<Collector*> installed{&no_collector};

// For threads outside the runtime.
struct SharedCache {
  base::SpinLock lock;
  Cache* cache = nullptr;  // under lock
};
SharedCache shared;

// One question per so many bytes: in a fragmented heap a refill may yield a single slot.
constexpr std::size_t kLeastDebt = 4096;

Cache& current_cache() {
  base::ThreadFront* const front = base::thread_front();
  if (front->cache == nullptr) [[unlikely]]
    front->cache = new_cache();
  return *front->cache;
}

Cache& shared_cache_locked() {
  if (shared.cache == nullptr) {
    shared.cache = new_cache();
    shared.cache->shared = true;
  }
  return *shared.cache;
}

void* allocate_tiny(Cache& cache, std::size_t bytes, std::size_t align) {
  auto at = reinterpret_cast<std::uintptr_t>(cache.tiny_next);
  at = (at + align - 1) & -align;
  if (cache.tiny_next == nullptr || at + bytes > reinterpret_cast<std::uintptr_t>(cache.tiny_end)) {
    constexpr unsigned kClass = class_of(kTinyBytes);
    Run& run = cache.runs[static_cast<unsigned>(Kind::noscan)][kClass];
    void* slot = take_slot(run, kTinyBytes);
    if (slot == nullptr) slot = take_slot_slow(cache, Kind::noscan, kClass);
    if (slot == nullptr) return nullptr;
    at = reinterpret_cast<std::uintptr_t>(slot);
    cache.tiny_end = static_cast<char*>(slot) + kTinyBytes;
    ++cache.tiny_slots;
  }
  ++cache.tiny_objects;
  cache.tiny_next = reinterpret_cast<char*>(at + bytes);
  return reinterpret_cast<void*>(at);
}

void put_label(void* slot, std::size_t slot_bytes, Kind kind, const Layout* layout) {
  if (layout == nullptr || !has_layout_word(kind, slot_bytes)) return;
  detail::write_layout(static_cast<char*>(slot) + slot_bytes - sizeof layout, layout);
}

void* allocate_small(Cache& cache, unsigned size_class, Kind kind, const Layout* layout) {
  const std::size_t slot_bytes = kSizeClasses[size_class].slot_bytes;
  Run& run = cache.runs[static_cast<unsigned>(kind)][size_class];
  void* slot = take_slot(run, slot_bytes);
  if (slot == nullptr) [[unlikely]] {
    slot = take_slot_slow(cache, kind, size_class);
    if (slot == nullptr) return nullptr;
  }
  put_label(slot, slot_bytes, kind, layout);
  return slot;
}

// Pays for what was taken and for `bytes`; may park.
void pay(std::size_t bytes) {
  Cache& cache = current_cache();
  const std::size_t taken = cache.debt;
  cache.debt = 0;
  if (taken + bytes >= kLeastDebt) return collector()->before_refill(taken, bytes);
  cache.debt = taken + bytes;
}

[[noreturn]] void die_of_exhaustion() { base::fatal(base::FatalScope::current, "out of memory"); }

// What `take` finds. What was tried is this allocation's and nobody else's, for a thread runs other
// goroutines while one waits for a collection.
template <class Take>
void* take_or_reclaim(std::size_t bytes, Take take) {
  for (Reclaims tried;;) {
    if (void* taken = take()) return taken;
    if (bytes > bounds.bytes || !collector()->reclaim(bytes, tried)) die_of_exhaustion();
  }
}

[[gnu::noinline]] void* allocate_slow(std::size_t bytes, std::size_t align, Kind kind,
                                      const Layout* layout) {
  pay(0);
  return take_or_reclaim(
      bytes, [&] { return allocate_from(current_cache(), bytes, align, kind, layout); });
}

[[gnu::noinline]] void* allocate_large_paid(std::size_t bytes, std::size_t align, Kind kind,
                                            const Layout* layout, bool* dirty) {
  pay(bytes);
  return take_or_reclaim(bytes, [&] { return allocate_large(bytes, align, kind, layout, dirty); });
}

[[gnu::noinline]] void* allocate_slot_slow(Kind kind, unsigned size_class) {
  Cache& cache = current_cache();
  if (cache.debt < kLeastDebt) {
    if (void* slot = take_slot_near(cache, kind, size_class)) return slot;
  }
  pay(0);
  return take_or_reclaim(kSizeClasses[size_class].slot_bytes,
                         [&] { return take_slot_slow(current_cache(), kind, size_class); });
}

void* allocate_manual(Cache& cache, std::size_t bytes, std::size_t align) {
  const unsigned size_class = class_of(bytes, align);
  if (size_class == kLargeClass) {
    return allocate_large(bytes, align, Kind::manual, nullptr, nullptr, !cache.shared);
  }
  if (void* body = take_released(cache, size_class)) return body;
  return allocate_small(cache, size_class, Kind::manual, nullptr);
}

[[gnu::noinline]] void* allocate_manual_slow(std::size_t bytes, std::size_t align) {
  return take_or_reclaim(bytes, [&] { return allocate_manual(current_cache(), bytes, align); });
}

}  // namespace

void flush_shared() {
  base::Guard guard(shared.lock);
  if (shared.cache != nullptr) flush(*shared.cache);
}

Collector* collector() { return installed.load(std::memory_order_acquire); }  // pairs with the next

void set_collector(Collector* collector) {
  installed.store(collector != nullptr ? collector : &no_collector, std::memory_order_release);
}

void* allocate_from(Cache& cache, std::size_t bytes, std::size_t align, Kind kind,
                    const Layout* layout) {
  if (is_tiny(bytes, align, kind)) {
    return allocate_tiny(cache, std::max<std::size_t>(bytes, 1), align);
  }
  const unsigned size_class = object_class(bytes, align, kind);
  if (size_class == kLargeClass) return allocate_large(bytes, align, kind, layout);
  return allocate_small(cache, size_class, kind, layout);
}

void* allocate(std::size_t bytes, std::size_t align, Kind kind, const Layout* layout, bool* dirty) {
  Cache& cache = current_cache();
  if (is_tiny(bytes, align, kind)) {
    const Run& run = cache.runs[static_cast<unsigned>(kind)][class_of(kTinyBytes)];
    if (run.next != run.end) return allocate_tiny(cache, std::max<std::size_t>(bytes, 1), align);
    return allocate_slow(bytes, align, kind, layout);
  }
  const unsigned size_class = object_class(bytes, align, kind);
  if (size_class == kLargeClass) return allocate_large_paid(bytes, align, kind, layout, dirty);
  const std::size_t slot_bytes = kSizeClasses[size_class].slot_bytes;
  void* slot = take_slot(cache.runs[static_cast<unsigned>(kind)][size_class], slot_bytes);
  if (slot == nullptr) [[unlikely]]
    slot = allocate_slot_slow(kind, size_class);
  put_label(slot, slot_bytes, kind, layout);
  return slot;
}

void* allocate_slot(Kind kind, unsigned size_class) {
  void* const slot = try_slot(base::thread_front()->cache, kind, size_class);
  return slot != nullptr ? slot : allocate_slot_slow(kind, size_class);
}

void* allocate(std::size_t bytes, std::size_t align, bool attached) {
  if (attached) {
    void* const body = allocate_manual(current_cache(), bytes, align);
    return body != nullptr ? body : allocate_manual_slow(bytes, align);
  }
  // No thread of the runtime: it cannot wait for a collection, nor sweep.
  base::Guard guard(shared.lock);
  void* const body = allocate_manual(shared_cache_locked(), bytes, align);
  if (body == nullptr) [[unlikely]]
    die_of_exhaustion();
  return body;
}

std::size_t body_bytes(const void* body) noexcept {
  const Span& span = *span_of(body);
  return span.slot_bytes != 0 ? span.slot_bytes : span.bytes();
}

void release(void* body, bool attached) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(body);
  GORT_CHECK(is_heap_address(address));
  const PageEntry entry = entry_of(address);
  GORT_CHECK(entry.in_use() && entry.kind() == Kind::manual);
  if (entry.size_class() == kLargeClass) return release_large(&bounds.spans[entry.span()]);
  GORT_ASSERT(
      bounds.spans[entry.span()].marks[slot_of(entry, address, bounds.spans[entry.span()])] ==
      kUncollected);  // given back once
  if (attached) return release_to(current_cache(), body, entry.size_class());
  base::Guard guard(shared.lock);
  release_to(shared_cache_locked(), body, entry.size_class());
}

}  // namespace gort::heap
