// The one thread-local variable of the library: which Thread record the running OS thread has.
//
// A goroutine may be on another OS thread after any call that can switch. Compilers assume that the
// address of a thread-local variable never changes within a function, and keep it in a register
// across the switch: the classic bug of every fiber library. So no thread-local address may ever be
// held by a compiler: the value is loaded by one volatile asm statement, which computes the address
// and reads in one go and is repeated wherever it is written.
//
// [T1] Thread-local storage is read only through current_thread(), set only by
//      set_current_thread(); test/asm/check.py proves it in the disassembly.
//
// The record's type belongs to sched/; here it is an incomplete type that is never looked into. A
// thread that gort does not know yet has the record `unattached_thread`, never null: the caller's
// first test of its attention word then leads to the attach path at no extra cost.
// Runs on any thread. errno is thread-local too and follows the same rule: docs/DIFFERENCES.md.
#pragma once

namespace gort::sched {
struct Thread;
}

extern "C" {
extern __thread gort::sched::Thread* gort_current_thread;
}

namespace gort::base {

[[gnu::always_inline]] inline sched::Thread* current_thread() {
  sched::Thread* thread;
#if defined(__x86_64__)
  asm volatile(
      "movq gort_current_thread@gottpoff(%%rip), %0\n\t"
      "movq %%fs:(%0), %0"
      : "=r"(thread));
#elif defined(__aarch64__)
  unsigned long offset;
  asm volatile(
      "adrp %1, :gottprel:gort_current_thread\n\t"
      "ldr %1, [%1, :gottprel_lo12:gort_current_thread]\n\t"
      "mrs %0, tpidr_el0\n\t"
      "ldr %0, [%0, %1]"
      : "=&r"(thread), "=&r"(offset));
#else
#error "gort supports x86-64 and aarch64"
#endif
  return thread;
}

// Called when a thread attaches or detaches, and by the simulator; never across a switch.
void set_current_thread(sched::Thread* thread);

}  // namespace gort::base
