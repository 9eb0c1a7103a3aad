// The barrier's slow half, and which slots are roots.
//
// Each is a section: so neither the flip nor the end of marking falls into it, and the old value is
// shown in the same section in which it is overwritten ([GS1], [GS5] in docs/COLLECTOR.md).
// Any thread, in user code or nested in a section of the runtime. Not here: the fast half
// (gort/detail/barrier.hpp), what showing leads to (mark.cc).
#include "gort/detail/barrier.hpp"

#include <cstring>

#include "gc/handles.h"
#include "gc/mark.h"
#include "gc/phase.h"
#include "sched/halt.h"
#include "sched/sched.h"

namespace gort::detail {
namespace {

using collector::Phase;

// In a section that is never left for another thread: nothing here parks.
class Inside {
 public:
  Inside() : thread_(sched::enter()) {}
  ~Inside() { sched::leave(thread_); }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

  // Mostly `old` has been found before, or is null: then there is nothing to do.
  [[gnu::always_inline]] void show(const void* old) const {
    if (collector::phase() == Phase::idle) return;  // and stays so: [PH1]
    if (collector::is_white_object(reinterpret_cast<std::uintptr_t>(old))) [[unlikely]]
      show_white(old);
  }

 private:
  [[gnu::noinline]] void show_white(const void* old) const {
    collector::shade(collector::local_work(thread_), reinterpret_cast<std::uintptr_t>(old));
  }

  sched::Thread* thread_;
};

std::atomic_ref<void*> atomic(void** slot) { return std::atomic_ref<void*>(*slot); }

bool is_traced(const void* slot) {
  return in_collected_heap(slot) || sched::is_in_scanned_stack(slot);
}

}  // namespace

void attach_thread() noexcept {
  if (!sched::is_attached()) const sched::Section attaches;
}

void store_slow(void** slot, void* value) noexcept {
  const Inside inside;
  inside.show(atomic(slot).load(std::memory_order_relaxed));
  // Release: what was made behind `value` is seen by who follows it, as everywhere on x86.
  atomic(slot).store(value, std::memory_order_release);
}

void show_old_slow(void* old) noexcept { Inside().show(old); }

void* exchange_slow(void** slot, void* value) noexcept {
  const Inside inside;
  void* const old = atomic(slot).exchange(value, std::memory_order_seq_cst);
  inside.show(old);
  return old;
}

bool compare_exchange_slow(void** slot, void*& expected, void* value) noexcept {
  const Inside inside;
  if (!atomic(slot).compare_exchange_strong(expected, value, std::memory_order_seq_cst)) {
    return false;
  }
  inside.show(expected);
  return true;
}

void move_slots(void** to, void* const* from, std::size_t words) noexcept {
  const Inside inside;
  for (std::size_t i = 0; collector::phase() != Phase::idle && i < words; ++i) inside.show(to[i]);
  if (from != nullptr) {
    std::memmove(to, from, words * sizeof(void*));
  } else {
    std::memset(to, 0, words * sizeof(void*));
  }
}

void enter_handle(void** slot) noexcept {
  // A thread that the runtime does not know yet is made known when it keeps a handle on its stack:
  // entered as a slot outside, it would not be removed once the stack is known.
  constexpr std::uintptr_t kReach = std::uintptr_t{64} << 20;
  const auto frame = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  if (!sched::is_attached() && reinterpret_cast<std::uintptr_t>(slot) - frame < kReach)
      [[unlikely]] {
    const sched::Section attaches;
  }
  if (!is_traced(slot)) collector::set_handle_bit(slot);  // [GH1]
}

void remove_handle(void** slot) noexcept {
  if (is_traced(slot)) return;
  // Null shows nothing: variables at namespace scope end after the runtime's last section.
  if (void* const old = atomic(slot).load(std::memory_order_relaxed)) {
    const Inside inside;
    inside.show(old);
    return collector::clear_handle_bit(slot);
  }
  collector::clear_handle_bit(slot);
}

}  // namespace gort::detail
