// Sweeping: marks that nobody renewed become free slots.
//
// A cycle ends by counting the generation up and declaring a colour dead; nothing else happens in
// that instant. Each span then is swept once, by whoever first needs it or by the background: its
// marks are read sixteen at a time, and there is no clearing of marks, since survivors' colour is
// simply the next cycle's white. A span without survivors goes back to the page allocator.
//
// [HW1] A span with a generation behind the current one is swept before it is allocated from, and
//       before the next flip (object.h [H3]).
// Any thread. Not here: when (gc/cycle.cc), refilling (cache.cc).
#include "heap/sweep.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "base/event.h"
#include "base/no_sanitize.h"
#include "heap/cache.h"
#include "heap/central.h"
#include "heap/object.h"

namespace gort::heap {

constinit std::atomic<std::uint8_t> current_colour{kColourA};

namespace {

// Sixteen marks; a compiler's vector is one register on every machine that gort knows.
using Marks = std::uint8_t __attribute__((vector_size(16)));

struct alignas(64) Sweep {
  // --- set with the world stopped
  std::atomic<std::uint32_t> generation{0};
  std::atomic<std::uint8_t> dead_colour{0};  // 0: there was no cycle yet
  // --- atomic
  alignas(64) std::atomic<std::size_t> unswept{0};  // spans in lists, or taken and not finished
  std::atomic<std::size_t> freed_pages{0};          // ever, by sweep_some
  std::atomic<unsigned> next_list{0};               // where the background looks first
};
Sweep sweep;

GORT_NO_SANITIZE bool any(Marks marks) {
  std::uint64_t halves[2];
  std::memcpy(halves, &marks, sizeof marks);
  return (halves[0] | halves[1]) != 0;
}

[[gnu::noinline]] void report_dead(const Span& span, std::uint32_t first, Marks marks, Marks dead) {
  for (unsigned i = 0; i < sizeof marks; ++i) {
    if ((dead[i] & marks[i] & kHasSpecial) == 0) continue;
    collector()->slot_died(reinterpret_cast<void*>(span.slot_base(first + i)), marks[i]);
  }
}

#ifdef GORT_CHECKED
// What is freed too early shows at once, and not when the slot is used again.
void poison(const Span& span, std::uint32_t first, Marks dead) {
  constexpr std::uint8_t kPoison = 0xdb;
  constexpr std::size_t kMost = std::size_t{64} << 10;  // of large objects, the beginning
  const std::size_t bytes = span.slot_bytes != 0 ? span.slot_bytes : std::min(span.bytes(), kMost);
  for (unsigned i = 0; i < sizeof dead && first + i < span.slots; ++i) {
    if (dead[i] == 0) continue;
    std::memset(reinterpret_cast<void*>(span.slot_base(first + i)), kPoison, bytes);
  }
}
#endif

// Frees the slots of `colour`; returns how many slots are free now.
GORT_NO_SANITIZE std::uint32_t sweep_marks(const Span& span, std::uint8_t colour) {
  Marks taken{};  // per byte, modulo 256: a span has 2048 slots at most, 128 per byte
  for (std::uint32_t slot = 0; slot < span.slots; slot += sizeof(Marks)) {
    Marks& marks = *reinterpret_cast<Marks*>(span.marks + slot);
    const Marks dead = reinterpret_cast<Marks>((marks & kColourMask) == colour);
    if (any(dead & marks & kHasSpecial)) [[unlikely]]
      report_dead(span, slot, marks, dead);
#ifdef GORT_CHECKED
    if (colour != 0) poison(span, slot, dead);
#endif
    marks &= ~dead;
    taken -= reinterpret_cast<Marks>(marks != 0);
  }
  std::uint32_t count = 0;
  for (unsigned i = 0; i < sizeof taken; ++i) count += taken[i];
  const std::uint32_t padding = -span.slots % sizeof(Marks);
  return span.slots - (count - padding);
}

}  // namespace

std::uint32_t sweep_generation() { return sweep.generation.load(std::memory_order_relaxed); }
// Pairs with finished_sweeping_one.
bool sweep_is_done() { return sweep.unswept.load(std::memory_order_acquire) == 0; }
std::size_t swept_bytes() {
  return sweep.freed_pages.load(std::memory_order_relaxed) << kPageShift;
}

void sweep_span(Span* span) {
  const std::uint8_t dead_colour = sweep.dead_colour.load(std::memory_order_relaxed);
  const std::uint32_t before = span->free_slots;
  span->free_slots = sweep_marks(*span, dead_colour);
  span->sweep_generation = sweep_generation();
  if (const std::uint32_t died = span->free_slots - before; died > 0) {
    span->zero = false;
    span->cursor = 0;
    Central& central = central_of(*span);
    base::Guard guard(central.lock);
    central.frees += died;
    if (span->slot_bytes == 0) central.free_bytes += span->bytes();
  }
}

void sweep_held(Span* span) {
  span->free_slots = count_free(*span);
  sweep_span(span);
}

void finished_sweeping_one() {
  sweep.unswept.fetch_sub(1, std::memory_order_release);  // pairs with sweep_is_done
}

std::uint8_t flip_colour() {
  GORT_CHECK(sweep_is_done());  // [H3]
  const std::uint8_t colour = other_colour(allocation_colour());
  current_colour.store(colour, std::memory_order_relaxed);
  return colour;
}

void start_sweep() {
  GORT_CHECK(sweep_is_done());
  sweep.dead_colour.store(other_colour(allocation_colour()), std::memory_order_relaxed);
  sweep.generation.store(sweep_generation() + 1, std::memory_order_relaxed);
  std::size_t count = 0;
  used_lists.for_each_collected([&](Kind kind, unsigned size_class) {
    Central& central = centrals[static_cast<unsigned>(kind)][size_class];
    base::Guard guard(central.lock);
    count += central.unswept.append(central.swept);
    count += central.unswept.append(central.full);
  });
  sweep.unswept.store(count, std::memory_order_release);  // pairs with sweep_is_done
}

bool sweep_some(std::size_t spans) {
  // Where to begin is advice: a full round decides that nothing is left.
  unsigned list = sweep.next_list.load(std::memory_order_relaxed);
  for (unsigned passed = 0; passed < kListCount;) {
    if (spans == 0) return true;
    Span* span = nullptr;
    {
      Central& central = central_at(list);
      base::Guard guard(central.lock);
      span = central.unswept.pop();
    }
    if (span == nullptr) {
      const unsigned next = used_lists.next(list + 1);
      passed += next - list;
      list = next < kListCount ? next : 0;
      sweep.next_list.store(list, std::memory_order_relaxed);
      continue;
    }
    sweep_span(span);
    if (span->free_slots == span->slots) {
      sweep.freed_pages.fetch_add(span->pages, std::memory_order_relaxed);
    }
    put_back(span);
    finished_sweeping_one();
    passed = 0;
    --spans;
  }
  return false;
}

// While dead spans wait for their sweep the heap would else grow past its goal: whoever wants pages
// finds as many first, if that takes a reasonable time. In a section, so never more spans than take
// some tenth of a millisecond: for what is large the collector has swept before (gc/assist.cc).
void sweep_for_pages(std::size_t pages) {
  constexpr std::size_t kSpansPerPage = 16, kMostSpans = 256;
  const std::size_t before = sweep.freed_pages.load(std::memory_order_relaxed);
  const std::size_t most = std::min(pages, kMostSpans / kSpansPerPage) * kSpansPerPage;
  for (std::size_t tried = 0; tried < most && !sweep_is_done(); ++tried) {
    if (!sweep_some(1)) return;
    if (sweep.freed_pages.load(std::memory_order_relaxed) - before >= pages) return;
  }
}

void sweep_all() {
  while (sweep_some(SIZE_MAX)) {
  }
  base::Backoff backoff;
  while (!sweep_is_done()) backoff.step();
}

void sweep_cached(Cache& cache) {
  used_lists.for_each_collected([&](Kind kind, unsigned size_class) {
    const Run& run = cache.runs[static_cast<unsigned>(kind)][size_class];
    if (run.span != nullptr && needs_sweep(*run.span)) sweep_held(run.span);
  });
}

void recolour_runs(Cache& cache) {
  used_lists.for_each_collected([&](Kind kind, unsigned size_class) {
    const Run& run = cache.runs[static_cast<unsigned>(kind)][size_class];
    if (run.span == nullptr) return;
    GORT_CHECK(!needs_sweep(*run.span));  // [HW1]
    colour_untaken(run, allocation_colour());
  });
  // The next tiny object must not be born into a slot that is white.
  cache.tiny_next = cache.tiny_end = nullptr;
}

}  // namespace gort::heap
