// The tables of windows, one for each loaded program or library that stores references.
//
// An entry is two distances, from each of its words to the first and to behind the last instruction
// of a window. Tables are searched from end to end: some thousand entries, read in a microsecond,
// by threads that were stopped in user code only.
//
// [RT1] A table enters the list whole. It leaves inside a section, when the world is not stopped:
//       so no thread is halted, or searches, meanwhile. At the process's end it stays: goroutines
//       may still run.
// Not here: what a window looks like (gort/detail/barrier.hpp).
#include "gc/restart.h"

#include <atomic>

#include "gort/detail/barrier.hpp"
#include "sched/sched.h"

#if defined(GORT_BARRIER_INLINE)

#include <cstdlib>

namespace gort::detail {
namespace {

constinit std::atomic<barrier_table*> tables{nullptr};
// Threads are halted at times: from the runtime's beginning to the process's end.
constinit std::atomic<bool> in_use{false};
constinit std::atomic<bool> exiting{false};
constinit base::SpinLock removing;

void note_exit() { exiting.store(true, std::memory_order_relaxed); }

void remove(barrier_table* table) {
  base::Guard guard(removing);
  std::atomic<barrier_table*>* link = &tables;
  while (link->load(std::memory_order_acquire) != table) {
    link = &link->load(std::memory_order_relaxed)->next;
  }
  link->store(table->next.load(std::memory_order_relaxed), std::memory_order_release);
}

}  // namespace

barrier_table::barrier_table(const std::int32_t* first, const std::int32_t* last) noexcept
    : begin(first), end(last) {
  barrier_table* head = tables.load(std::memory_order_relaxed);
  do {
    next.store(head, std::memory_order_relaxed);
  } while (!tables.compare_exchange_weak(head, this, std::memory_order_release));
}

barrier_table::~barrier_table() {
  if (exiting.load(std::memory_order_relaxed)) return;
  if (in_use.load(std::memory_order_relaxed)) {
    const sched::Section section;  // [RT1]
    remove(this);
  } else {
    remove(this);
  }
}

}  // namespace gort::detail

namespace gort::collector {

// Later than the tables of the program itself, so it runs before they end.
void watch_for_exit() {
  detail::in_use.store(true, std::memory_order_relaxed);
  std::atexit(detail::note_exit);
}

std::uintptr_t restart_address(std::uintptr_t pc) {
  const detail::barrier_table* table = detail::tables.load(std::memory_order_acquire);
  for (; table != nullptr; table = table->next.load(std::memory_order_acquire)) {
    for (const std::int32_t* entry = table->begin; entry != table->end; entry += 2) {
      const auto at = reinterpret_cast<std::uintptr_t>(entry);
      const std::uintptr_t begin = at + static_cast<std::uintptr_t>(std::intptr_t{entry[0]});
      if (pc <= begin) continue;
      const auto end = at + sizeof *entry + static_cast<std::uintptr_t>(std::intptr_t{entry[1]});
      if (pc < end) return begin;
    }
  }
  return pc;
}

}  // namespace gort::collector

#else

namespace gort::collector {

void watch_for_exit() {}
std::uintptr_t restart_address(std::uintptr_t pc) { return pc; }

}  // namespace gort::collector

#endif
