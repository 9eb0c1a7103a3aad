// Reaching everything from the roots. See reach.h.
//
// Two tables by address, for slots of the smallest size: where each object was found, and the queue
// of those that were. Nothing is ever taken out, so the queue is the list of all in order [RE1].
#include "gc/reach.h"

#include "base/assert.h"
#include "base/os_linux.h"

namespace gort::collector {

Reach::Reach(bool for_proof)
    : for_proof_(for_proof),
      count_((heap::committed_pages() << heap::kPageShift) / heap::kSlotAlign) {
  const std::size_t bytes = (count_ + 1) * sizeof(std::uintptr_t);
  traces_ = static_cast<std::uintptr_t*>(base::os::reserve(bytes));
  queue_ = static_cast<std::uintptr_t*>(base::os::reserve(bytes));
}

Reach::~Reach() {
  const std::size_t bytes = (count_ + 1) * sizeof(std::uintptr_t);
  if (traces_ != nullptr) base::os::unmap(traces_, bytes);
  if (queue_ != nullptr) base::os::unmap(queue_, bytes);
}

void Reach::add(std::uintptr_t value, std::uintptr_t trace) {
  heap::Found found;
  if (!heap::find(value, found)) return;
  const std::size_t at = (found.object - heap::bounds.base) / heap::kSlotAlign;
  if (at >= count_ || traces_[at] != 0) return;
  traces_[at] = trace;
  queue_[end_++] = found.object;
}

void Reach::drain(std::uintptr_t until) {
  while (next_ < end_ && (until == 0 || !has(until))) {
    heap::Found found;
    GORT_CHECK(heap::find(queue_[next_++], found));
    for_each_reference(found, [this](const std::uintptr_t* place, std::uintptr_t value) {
      add(value, reinterpret_cast<std::uintptr_t>(place));
    });
  }
}

void Reach::from_roots(const sched::WorldStopped& world, const sched::HaltedThreads& halted,
                       std::uintptr_t until) {
  if (!has_tables()) base::fatal(base::FatalScope::none, "out of memory");
  visit_roots(
      world, halted,
      [](const Root& root, void* self) {
        auto* const reach = static_cast<Reach*>(self);
        if (reach->for_proof_ && root.kind == RootKind::body) return;
        const auto place = reinterpret_cast<std::uintptr_t>(root.place);
        const std::uintptr_t trace = place | (std::uintptr_t{1} + static_cast<unsigned>(root.kind))
                                                 << kKindShift;
        reach->add(root.value, trace);
        // One past the end keeps an object, too.
        if (reach->for_proof_) return;
        if (root.kind == RootKind::stack || root.kind == RootKind::registers) {
          reach->add(root.value - 1, trace);
        }
      },
      this);
  drain(until);
}

}  // namespace gort::collector
