// Where a cache gets its runs from, and gives them back to. See cache.h.
//
// A refill looks for the next run in the span that the class has; when there is none left, the span
// goes to the central lists and another comes. A short run costs nearly as much as a long one, but
// fragmented spans are common (a list whose every second element died), so a run may be one slot.
//
// Caches are never unmapped, and all are in one list: the collector flips and flushes them.
#include "heap/cache.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assert.h"
#include "base/os_linux.h"
#include "base/spin_lock.h"
#include "heap/central.h"
#include "heap/object.h"
#include "heap/race_detector.h"
#include "heap/sweep.h"

namespace gort::heap {
namespace {

// Cleared memory is written soon after: this much stays in the first-level cache until then.
constexpr std::size_t kClearBytes = 1024;
// Of manual slots in a cache, per class: enough that a program that makes and drops channels in
// batches never gets here, little enough not to matter.
constexpr std::size_t kMostReleasedBytes = std::size_t{64} << 10;
constexpr std::uint32_t kMostReleased = 256;

struct Registry {
  base::SpinLock lock;
  Cache* all = nullptr;
  std::uint64_t tiny_objects = 0;  // minus the slots they are in
};
Registry registry;

// The next run of the span that the class has; false when it has none left.
bool take_run(Cache& cache, Kind kind, unsigned size_class) {
  Run& run = cache.runs[static_cast<unsigned>(kind)][size_class];
  Span* const span = run.span;
  if (span == nullptr) return false;
  if (needs_sweep(*span)) [[unlikely]]
    sweep_held(span);  // [HW1]
  const SlotRun slots = find_run(*span);
  if (slots.count == 0) return false;
  span->cursor = slots.first + slots.count;
  const std::size_t bytes = std::size_t{slots.count} * span->slot_bytes;
  run.next = reinterpret_cast<char*>(span->slot_base(slots.first));
  run.end = run.next + bytes;
  announce_new(span->slot_base(slots.first), bytes);
  run.ready = span->zero || kind == Kind::manual ? run.end : run.next;
  if (kVerified && run.ready != run.end) {
    std::memset(run.next, 0, bytes);
    run.ready = run.end;
  }
  const std::uint8_t colour = kind == Kind::manual ? kUncollected : allocation_colour();
  if (slots.count == 1) {  // the usual length in fragmented spans
    mark_byte(span->marks, slots.first).store(colour, std::memory_order_relaxed);
  } else {
    set_marks(span->marks + slots.first, colour, slots.count);
  }
  cache.taken[static_cast<unsigned>(kind)][size_class] += slots.count;
  cache.debt += bytes;
  return true;
}

bool refill(Cache& cache, Kind kind, unsigned size_class) {
  Run& run = cache.runs[static_cast<unsigned>(kind)][size_class];
  while (!take_run(cache, kind, size_class)) {
    Span* const span = std::exchange(run.span, nullptr);
    run = Run();
    if (span != nullptr) give_back(span);
    run.span = acquire_span(kind, size_class, !cache.shared);
    if (run.span == nullptr) return false;
  }
  return true;
}

void* clear_and_take(Run& run, std::size_t slot_bytes) {
  if (run.ready != run.end) {
    const auto left = static_cast<std::size_t>(run.end - run.next);
    const std::size_t slots = std::max<std::size_t>(kClearBytes / slot_bytes, 1);
    char* const ready = run.next + std::min(left, slots * slot_bytes);  // [HR1]
    std::memset(run.ready, 0, static_cast<std::size_t>(ready - run.ready));
    run.ready = ready;
  }
  return take_slot(run, slot_bytes);
}

void flush_run(Cache& cache, unsigned kind, unsigned size_class) {
  Run& run = cache.runs[kind][size_class];
  if (run.span == nullptr) return;
  colour_untaken(run, 0);
  cache.taken[kind][size_class] -=
      static_cast<std::uint64_t>(run.end - run.next) / run.span->slot_bytes;
  // What is cleared and what is not look the same from now on.
  give_back(run.span);
  run = Run();
}

// Half of what was given back, or all.
void return_released(Cache& cache, unsigned size_class, std::uint32_t keep) {
  Cache::Released& list = cache.released[size_class];
  void** last = &list.head;
  for (std::uint32_t i = 0; i < keep && *last != nullptr; ++i) last = static_cast<void**>(*last);
  void* const chain = *last;
  *last = nullptr;
  list.count = std::min(list.count, keep);
  if (chain != nullptr) release_slots(size_class, chain);
}

}  // namespace

void colour_untaken(const Run& run, std::uint8_t colour) {
  if (run.next == run.end) return;
  const Span& span = *run.span;
  const auto first = static_cast<std::uint32_t>(
      (reinterpret_cast<std::uintptr_t>(run.next) - span.base) / span.slot_bytes);
  const auto count = static_cast<std::size_t>(run.end - run.next) / span.slot_bytes;
  set_marks(span.marks + first, colour, count);
}

[[gnu::noinline]] void* take_slot_near(Cache& cache, Kind kind, unsigned size_class) {
  Run& run = cache.runs[static_cast<unsigned>(kind)][size_class];
  if (run.next == run.end && !take_run(cache, kind, size_class)) return nullptr;
  return clear_and_take(run, kSizeClasses[size_class].slot_bytes);
}

void* take_slot_slow(Cache& cache, Kind kind, unsigned size_class) {
  Run& run = cache.runs[static_cast<unsigned>(kind)][size_class];
  if (run.next == run.end && !refill(cache, kind, size_class)) return nullptr;
  return clear_and_take(run, kSizeClasses[size_class].slot_bytes);
}

Cache* new_cache() {
  boot();
  auto* cache = new (base::os::map_or_die(sizeof(Cache))) Cache();
  base::Guard guard(registry.lock);
  cache->next = registry.all;
  registry.all = cache;
  return cache;
}

void for_each_cache(CacheVisitor visit, void* argument) {
  Cache* all;
  {
    base::Guard guard(registry.lock);
    all = registry.all;  // caches are only ever put in front of it
  }
  for (; all != nullptr; all = all->next) {
    if (!all->shared) visit(*all, argument);
  }
}

void flush(Cache& cache) {
  for (unsigned kind = 0; kind < kKindCount; ++kind) {
    for (unsigned size_class = 1; size_class < kClassCount; ++size_class) {
      flush_run(cache, kind, size_class);
      const bool manual = static_cast<Kind>(kind) == Kind::manual;
      if (manual) return_released(cache, size_class, 0);
      if (cache.taken[kind][size_class] == 0 && !manual) continue;
      Central& central = centrals[kind][size_class];
      base::Guard guard(central.lock);
      central.mallocs += std::exchange(cache.taken[kind][size_class], 0);
      if (manual) central.frees += std::exchange(cache.freed[size_class], 0);
    }
  }
  cache.tiny_next = cache.tiny_end = nullptr;
  base::Guard guard(registry.lock);
  registry.tiny_objects +=
      std::exchange(cache.tiny_objects, 0) - std::exchange(cache.tiny_slots, 0);
}

std::uint64_t tiny_objects() {
  base::Guard guard(registry.lock);
  return registry.tiny_objects;
}

void release_to(Cache& cache, void* body, unsigned size_class) {
  Cache::Released& list = cache.released[size_class];
  const std::size_t slot_bytes = kSizeClasses[size_class].slot_bytes;
  std::memset(body, 0, slot_bytes);  // [HR1]
  *static_cast<void**>(body) = list.head;
  list.head = body;
  ++cache.freed[size_class];
  if (++list.count > kMostReleased || list.count * slot_bytes > kMostReleasedBytes) [[unlikely]] {
    return_released(cache, size_class, list.count / 2);
  }
}

void* take_released(Cache& cache, unsigned size_class) {
  Cache::Released& list = cache.released[size_class];
  void* const body = list.head;
  if (body == nullptr) return nullptr;
  list.head = *static_cast<void**>(body);
  --list.count;
  ++cache.taken[static_cast<unsigned>(Kind::manual)][size_class];
  return body;
}

}  // namespace gort::heap
