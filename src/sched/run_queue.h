// A processor's queue of runnable goroutines: a ring that only its owner touches.
//
// Other work-stealing queues let thieves in at any time and make the owner pay an atomic
// read-modify-write for every pop. Here a thief first claims the whole processor (world.h), which
// costs the thief a system call and the owner nothing: push and pop are plain memory, a few cycles
// each. Thieves only read the length, to choose a victim; it is atomic and never ordered.
//
// The ring grows by doubling and so never spills: a million `go` statements cost eight bytes each.
//
// [Q1] head and the slots are accessed only by the owner inside the runtime, or by whoever has
//      claimed the processor.
// Not here: when to steal (steal.cc).
#pragma once

#include <atomic>
#include <cstdint>

#include "base/assert.h"
#include "base/os_linux.h"
#include "sched/goroutine.h"

namespace gort::sched {

class RunQueue {
 public:
  RunQueue() = default;
  RunQueue(const RunQueue&) = delete;
  RunQueue& operator=(const RunQueue&) = delete;
  ~RunQueue() { free_ring(); }

  [[gnu::always_inline]] void push(Goroutine* goroutine) {
    if (size() == capacity_) [[unlikely]]
      grow();
    const std::uint32_t tail = tail_.load(std::memory_order_relaxed);
    ring_[tail & (capacity_ - 1)] = goroutine;
    tail_.store(tail + 1, std::memory_order_relaxed);
  }

  // After a pop there is room for one.
  void push_popped(Goroutine* goroutine) {
    const std::uint32_t tail = tail_.load(std::memory_order_relaxed);
    ring_[tail & (capacity_ - 1)] = goroutine;
    tail_.store(tail + 1, std::memory_order_relaxed);
  }

  // The oldest, or null.
  [[gnu::always_inline]] Goroutine* pop() {
    const std::uint32_t at = head();
    const std::uint32_t waiting = tail_.load(std::memory_order_relaxed) - at;
    if (waiting == 0) return nullptr;
    Goroutine* goroutine = ring_[at & (capacity_ - 1)];
    if (waiting > 2) {
      // In a long queue neither the next one's stack nor the record after it is in any cache.
      __builtin_prefetch(ring_[(at + 1) & (capacity_ - 1)]->sp);
      __builtin_prefetch(ring_[(at + 2) & (capacity_ - 1)]);
    }
    head_.store(at + 1, std::memory_order_relaxed);
    return goroutine;
  }

  // Any thread may ask; the answer is a moment old.
  std::uint32_t size() const {
    return tail_.load(std::memory_order_relaxed) - head_.load(std::memory_order_relaxed);
  }

  // Moves the older half of this queue, rounded up and at most `limit`, to the end of `thief`.
  std::uint32_t give_half(RunQueue& thief, std::uint32_t limit) {
    std::uint32_t count = size() - size() / 2;
    if (count > limit) count = limit;
    for (std::uint32_t i = 0; i < count; ++i) thief.push(pop());
    return count;
  }

 private:
  static constexpr std::uint32_t kFirstCapacity = 512;

  std::uint32_t head() const { return head_.load(std::memory_order_relaxed); }

  [[gnu::noinline, gnu::cold]] void grow() {
    const std::uint32_t capacity = capacity_ == 0 ? kFirstCapacity : capacity_ * 2;
    auto* ring = static_cast<Goroutine**>(base::os::map_or_die(capacity * sizeof(Goroutine*)));
    const std::uint32_t count = size();
    for (std::uint32_t i = 0; i < count; ++i) ring[i] = ring_[(head() + i) & (capacity_ - 1)];
    free_ring();
    ring_ = ring;
    capacity_ = capacity;
    head_.store(0, std::memory_order_relaxed);
    tail_.store(count, std::memory_order_relaxed);
  }

  void free_ring() {
    if (ring_ != nullptr) base::os::unmap(ring_, capacity_ * sizeof(Goroutine*));
  }

  Goroutine** ring_ = nullptr;
  std::uint32_t capacity_ = 0;  // a power of two, or 0
  std::atomic<std::uint32_t> head_{0};
  std::atomic<std::uint32_t> tail_{0};
};

}  // namespace gort::sched
