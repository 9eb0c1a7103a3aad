// Whether an address is on a goroutine's stack, by one comparison.
//
// The windows of goroutines, but for few, are in one range of addresses in which there is nothing
// else; so what is in it is a stack for sure, and what is not may still be one. To be near the
// stack pointer would say nothing: where a thread's stack ends, malloc's memory may begin.
//
// Internal to gort's headers. Any thread. Not here: who reserves the range
// (src/sched/stack_arena.cc), the question about any address (is_in_scanned_stack in
// src/sched/halt.h).
#pragma once

#include <cstdint>

namespace gort::detail {

// It grows, and its beginning does not change.
struct stack_range {
  std::uintptr_t base;
  std::uintptr_t bytes;
};
extern stack_range goroutine_stacks;

[[gnu::always_inline]] inline bool is_surely_stack(const void* slot) noexcept {
  return reinterpret_cast<std::uintptr_t>(slot) -
             __atomic_load_n(&goroutine_stacks.base, __ATOMIC_RELAXED) <
         __atomic_load_n(&goroutine_stacks.bytes, __ATOMIC_RELAXED);
}

}  // namespace gort::detail
