// What can be reached, found out at leisure: a marking of its own, with every thread halted.
//
// For checked builds, which compare it with the collector's, and for the question who keeps an
// object. It shares with the marker where roots are and what layouts mean, and nothing else: no
// mark bytes, no queues, no workers. For each object that it reaches it notes the place in memory
// where it first found the reference, breadth first: so from each there is a shortest way back to a
// root.
//
// [RE1] Nothing here uses malloc: threads are halted ([T1] in sched/halt.h). Its tables are half of
//       the heap's size, and cost memory as far as there are objects.
// Runs on the thread that halts the others. Not here: the marker (mark.cc).
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/no_sanitize.h"
#include "heap/object.h"
#include "sched/halt.h"

namespace gort::collector {

enum class RootKind : std::uint8_t {
  stack,          // a goroutine's, or a foreign thread's
  registers,      // of one that runs
  closure,        // of a goroutine, in its record
  thread_locals,  // static thread-local storage
  handle,         // ptr, slice, ... in memory that is not traced
  body,           // memory given back by hand: functions, timers, contexts, tasks
  weak_cell,      // of an object that lives
  cleanup,        // its function and argument
  due             // waits for its destructor or cleanup to run
};
const char* name_of(RootKind kind);

struct Root {
  RootKind kind = RootKind::stack;
  const sched::Goroutine* goroutine = nullptr;  // of stack, registers, closure
  const sched::Thread* thread = nullptr;        // of registers, thread_locals
  const void* place = nullptr;
  std::uintptr_t value = 0;
};

// visit(root, context) for each word that may be a reference, null ones left out.
using RootVisitor = void (*)(const Root& root, void* context);
void visit_roots(const sched::WorldStopped& world, const sched::HaltedThreads& halted,
                 RootVisitor visit, void* context);

// Calls visit(place, value) for each word of an object that may be a reference.
template <class Visit>
GORT_NO_SANITIZE void for_each_reference(const heap::Found& found, Visit visit) {
  if (found.span->kind == heap::Kind::noscan) return;
  const std::size_t words = heap::scan_bytes(found) / sizeof(std::uintptr_t);
  const heap::Layout* const layout = heap::layout_of(found);
  const auto* const first = reinterpret_cast<const volatile std::uintptr_t*>(found.object);
  for (std::size_t i = 0; i < words; ++i) {
    if (layout != nullptr) {
      const std::size_t bit = i % layout->words;
      if (layout->repeat != 0 && i / layout->words >= layout->repeat) return;
      if ((layout->bits[bit / 64] >> (bit % 64) & 1) == 0) continue;
    }
    if (const std::uintptr_t value = first[i]) visit(const_cast<std::uintptr_t*>(&first[i]), value);
  }
}

class Reach {
 public:
  // `for_proof`: leaves out what may change while the collector marks, and it is not told: plain
  // pointers in memory given back by hand, and what a word of a stack points just behind, as words
  // of the runtime's own in parked goroutines' frames change by a bit.
  explicit Reach(bool for_proof = false);
  ~Reach();
  // False if there is no address space for its tables: then nothing else may be asked of it.
  bool has_tables() const { return traces_ != nullptr && queue_ != nullptr; }
  Reach(const Reach&) = delete;
  Reach& operator=(const Reach&) = delete;

  // Everything, from all roots; `until`: no further than this object, if it is not null.
  void from_roots(const sched::WorldStopped& world, const sched::HaltedThreads& halted,
                  std::uintptr_t until = 0);

  bool has(std::uintptr_t object) const { return trace(object) != 0; }
  // The place of the reference by which `object` was found.
  std::uintptr_t place_of(std::uintptr_t object) const {
    return trace(object) & ((std::uintptr_t{1} << kKindShift) - 1);
  }
  // Whether that was a root, and then of which kind.
  bool is_from_root(std::uintptr_t object) const { return trace(object) >> kKindShift != 0; }
  RootKind root_kind_of(std::uintptr_t object) const {
    return static_cast<RootKind>((trace(object) >> kKindShift) - 1);
  }

 private:
  static constexpr unsigned kKindShift = 56;  // addresses have fewer bits; above: kind + 1

  std::uintptr_t trace(std::uintptr_t object) const {
    const std::size_t at = (object - heap::bounds.base) / heap::kSlotAlign;
    return at < count_ ? traces_[at] : 0;
  }
  void add(std::uintptr_t value, std::uintptr_t trace);
  void drain(std::uintptr_t until);

  const bool for_proof_;
  std::size_t count_;       // slots of the smallest size that there could be
  std::uintptr_t* traces_;  // one for each
  std::uintptr_t* queue_;   // objects found, those before next_ looked into
  std::size_t next_ = 0, end_ = 0;
};

}  // namespace gort::collector
