// Handing out the pieces of the roots.
//
// Records of goroutines are taken by a counter that all share; the walks over tables by whoever
// finds the walk free, which keeps its place for the next.
// [RO1] A goroutine that is made after the flip is scanned by who starts it (sched/halt.h), so
//       records beyond those there were when the walk reached the end do not matter.
#include "gc/roots.h"

#include <algorithm>
#include <array>
#include <atomic>

#include "base/assert.h"
#include "base/no_sanitize.h"
#include "gc/handles.h"
#include "gc/mark.h"
#include "gc/special.h"
#include "gc/stacks.h"
#include "heap/object.h"
#include "sched/halt.h"

namespace gort::collector {
namespace {

constexpr std::size_t kRecordsPerPiece = 64;
constexpr std::size_t kHandlesPerPiece = 4096;
constexpr std::size_t kPagesPerPiece = 64;  // half a megabyte, if all of it is manual

// A walk that one marker at a time goes on with.
class Walk {
 public:
  void begin() { state_.store(kFree, std::memory_order_relaxed); }
  bool is_done() const { return state_.load(std::memory_order_acquire) == kDone; }
  // step() does a piece and returns false at the end. False if there was nothing to take.
  template <class Step>
  bool go_on(Step step) {
    std::uint8_t expected = kFree;
    // Acquire and release: each walker sees where the one before has got to.
    if (!state_.compare_exchange_strong(expected, kTaken, std::memory_order_acquire,
                                        std::memory_order_relaxed)) {
      return false;
    }
    state_.store(step() ? kFree : kDone, std::memory_order_release);
    return true;
  }

 private:
  enum : std::uint8_t { kFree, kTaken, kDone };
  std::atomic<std::uint8_t> state_{kDone};
};

struct Roots {
  Walk handles, manual, special;
  HandleWalk handle_walk;
  SpecialWalk special_walk;
  std::size_t next_page = 0, end_page = 0;
  std::atomic<std::size_t> next_record{0};
  std::atomic<bool> records_taken{true};
  std::atomic<std::uint32_t> records_busy{0};  // pieces taken and not finished
  std::atomic<std::uint64_t> other_bytes{0};
};
constinit Roots roots;

GORT_NO_SANITIZE void shade_slot(void** slot, void* work) {
  const void* const value = __atomic_load_n(slot, __ATOMIC_RELAXED);
  shade(*static_cast<LocalWork*>(work), reinterpret_cast<std::uintptr_t>(value));
}

bool step_manual(LocalWork& work) {
  const std::size_t end = std::min(roots.next_page + kPagesPerPiece, roots.end_page);
  std::uint64_t bytes = 0;
  while (roots.next_page < end) {
    const std::uintptr_t at = heap::address_of_page(roots.next_page++);
    const heap::PageEntry entry = heap::entry_of(at);
    if (!entry.in_use() || entry.kind() != heap::Kind::manual) continue;
    shade_range(work, reinterpret_cast<const void*>(at),
                reinterpret_cast<const void*>(at + heap::kPageBytes));
    bytes += heap::kPageBytes;
  }
  roots.other_bytes.fetch_add(bytes, std::memory_order_relaxed);
  return roots.next_page < roots.end_page;
}

// Where its stack lay a moment ago: advice, it may be running or be started meanwhile.
GORT_NO_SANITIZE void prefetch_stack(const sched::Goroutine& goroutine) {
  constexpr std::ptrdiff_t kLine = 64, kAhead = 6 * kLine;  // a short stack's whole
  const auto* const sp = static_cast<const char*>(__atomic_load_n(&goroutine.sp, __ATOMIC_RELAXED));
  for (std::ptrdiff_t at = 0; sp != nullptr && at < kAhead; at += kLine) {
    __builtin_prefetch(sp + at);
  }
}

// Among a million goroutines each stack is a page of its own and in nobody's cache: so several are
// on their way while one is looked at.
bool scan_some_records(LocalWork& work) {
  constexpr std::size_t kInFlight = 4;
  if (roots.records_taken.load(std::memory_order_relaxed)) return false;
  roots.records_busy.fetch_add(1, std::memory_order_acquire);  // before the piece is taken
  const std::size_t first =
      roots.next_record.fetch_add(kRecordsPerPiece, std::memory_order_acq_rel);
  std::array<sched::Goroutine*, kRecordsPerPiece> piece;
  std::size_t count = 0, next = 0;
  const bool more = sched::scheduler.goroutines.visit_some(first, kRecordsPerPiece,
                                                           [&](sched::Goroutine& goroutine) {
                                                             prefetch_stack(goroutine);
                                                             piece[count++] = &goroutine;
                                                             if (count > kInFlight)
                                                               scan_parked(work, piece[next++]);
                                                           });
  while (next < count) scan_parked(work, piece[next++]);
  if (!more) roots.records_taken.store(true, std::memory_order_relaxed);  // [RO1]
  roots.records_busy.fetch_sub(1, std::memory_order_release);  // pairs with roots_are_done
  return true;
}

}  // namespace

void begin_roots(const sched::WorldStopped&) {
  roots.handle_walk = HandleWalk::begin();
  roots.next_page = 0;
  roots.end_page = heap::committed_pages();
  roots.next_record.store(0, std::memory_order_relaxed);
  roots.records_taken.store(false, std::memory_order_relaxed);
  roots.other_bytes.store(0, std::memory_order_relaxed);
  roots.handles.begin();
  roots.manual.begin();
  roots.special_walk = SpecialWalk();
  roots.special.begin();
}

bool scan_some_roots(LocalWork& work) {
  if (scan_some_records(work)) return true;
  if (roots.handles.go_on([&] {
        roots.other_bytes.fetch_add(kHandlesPerPiece * sizeof(void*), std::memory_order_relaxed);
        return roots.handle_walk.visit(kHandlesPerPiece, shade_slot, &work);
      })) {
    return true;
  }
  if (roots.manual.go_on([&] { return step_manual(work); })) return true;
  return roots.special.go_on([&] { return roots.special_walk.visit(work); });
}

bool roots_are_done() {
  return roots.records_taken.load(std::memory_order_relaxed) &&
         roots.records_busy.load(std::memory_order_acquire) == 0 && roots.handles.is_done() &&
         roots.manual.is_done() && roots.special.is_done();
}

std::uint64_t scanned_other_bytes() { return roots.other_bytes.load(std::memory_order_relaxed); }

}  // namespace gort::collector
