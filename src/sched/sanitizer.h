// Telling AddressSanitizer, ThreadSanitizer and Valgrind about every switch.
//
// A sanitizer that does not know that the stack changed reports nonsense. In builds without one
// this is an empty class that vanishes. The announcement is made on the stack being left and
// finished on the same stack when it is resumed.
//
// ASan: the new stack's bounds before, the fake-stack pointer kept on the stack that waits. TSan: a
// fiber per goroutine, made at its first run. A switch synchronises, as the two sides share the
// processor's unlocked data; so races are found between goroutines on different processors.
// Valgrind: stacks are registered when their window is carved (stack.cc). Runs inside the runtime.
// Not here: the switch (resume.h).
#pragma once

#include "base/no_sanitize.h"
#include "sched/thread.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1
#endif
#if __has_feature(thread_sanitizer) && !defined(__SANITIZE_THREAD__)
#define __SANITIZE_THREAD__ 1
#endif
#endif

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif


namespace gort::sched {

Extra* extra_of(Goroutine* goroutine);  // made when first asked for (goroutine.cc)

#if defined(__SANITIZE_THREAD__)
void* take_fiber();  // making one takes 35 us and 800 KB, so ended goroutines' are kept
                     // (sanitizer.cc)
void return_fiber(void* fiber);
#endif

// `next` null: the thread's scheduler loop.
class SanitizerSwitch {
 public:
#if defined(__SANITIZE_ADDRESS__)
  SanitizerSwitch(Thread* thread, Goroutine* next, bool self_ends = false) {
    const void* low = next != nullptr ? next->stack.low : thread->stack_low;
    const std::size_t bytes = next != nullptr
                                  ? static_cast<std::size_t>(next->stack.top - next->stack.low)
                                  : thread->stack_bytes;
    __sanitizer_start_switch_fiber(self_ends ? nullptr : &fake_stack_, low, bytes);
  }
  void finish() { __sanitizer_finish_switch_fiber(fake_stack_, nullptr, nullptr); }
  static void first_run(Goroutine*) { __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr); }
  static void end(Goroutine*) {}
  // The last step on a dead goroutine's stack: the frames that it is in never return, so nobody
  // else unpoisons them.
  [[gnu::always_inline]] static void leave_for_ever(const Stack& stack) {
    char* here = static_cast<char*>(__builtin_frame_address(0)) - 4096;
    if (here < stack.low) here = stack.low;
    __asan_unpoison_memory_region(here, static_cast<std::size_t>(stack.top - here));
  }

 private:
  void* fake_stack_ = nullptr;
#elif defined(__SANITIZE_THREAD__)
  SanitizerSwitch(Thread* thread, Goroutine* next, bool = false) {
    void* fiber = thread->sanitizer_fiber;
    if (next != nullptr) {
      Extra* extra = extra_of(next);
      if (extra->sanitizer_fiber == nullptr) extra->sanitizer_fiber = take_fiber();
      fiber = extra->sanitizer_fiber;
    }
    __tsan_switch_to_fiber(fiber, 0);
  }
  void finish() {}
  static void first_run(Goroutine*) {}
  // The fiber that runs cannot be another's yet: the next one to end on this thread gives it back.
  static void end(Goroutine* goroutine) {
    Thread* thread = base::current_thread();
    if (thread->ended_fiber != nullptr) return_fiber(thread->ended_fiber);
    thread->ended_fiber = extra_of(goroutine)->sanitizer_fiber;
  }
  static void leave_for_ever(const Stack&) {}
#else
  SanitizerSwitch(Thread*, Goroutine*, bool = false) {}
  void finish() {}
  static void first_run(Goroutine*) {}
  static void end(Goroutine*) {}
  static void leave_for_ever(const Stack&) {}
#endif
};

#if defined(__SANITIZE_THREAD__)
inline constexpr bool kReuseRunningStack = false;  // every goroutine has a fiber of its own
#else
inline constexpr bool kReuseRunningStack = true;
#endif
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
inline constexpr bool kSanitized = true;  // every switch is announced
#else
inline constexpr bool kSanitized = false;
#endif

// [G2] in words that the race detector understands: the assembly's store to `saving` is invisible
//      to it.
inline void announce_saved(const void* goroutine) {
#if defined(__SANITIZE_THREAD__)
  __tsan_release(const_cast<void*>(goroutine));
#endif
  static_cast<void>(goroutine);
}
inline void announce_resumed(const void* goroutine) {
#if defined(__SANITIZE_THREAD__)
  __tsan_acquire(const_cast<void*>(goroutine));
#endif
  static_cast<void>(goroutine);
}

}  // namespace gort::sched
