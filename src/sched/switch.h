// The context switch: from one stack to another in a dozen instructions.
//
// gort_switch saves the callee-saved registers on the running stack, stores the stack pointer, and
// continues whatever was saved at `load_sp`. It saves what the ABI calls callee-saved and no more:
// the floating-point control words are not switched, so a goroutine must not park with a changed
// rounding mode (docs/DIFFERENCES.md). It returns with `ret`: goroutines mostly leave from and
// return to the same few call sites, so the return predictor is right, and stays in step for the
// callers' returns as well; a pop and an indirect jump made every later return a misprediction (26
// ns a switch against 9).
//
// Once on the other stack it clears `saving` of the goroutine that was left, which may now be
// resumed elsewhere [G2], and returns the Thread we are on. All of that is in the assembly so that
// a caller can make the switch its tail call: yield and park then need no frame of their own.
//
// Exceptions in flight belong to the goroutine, so the C++ runtime's per-thread state {caught,
// uncaught} is moved to its record when it is not zero, a test of two words otherwise
// (switch_context.h).
// Not here: who is resumed (loop.cc).
#pragma once

#include "sched/goroutine.h"

extern "C" {
// Stores the stack pointer in *save_sp and continues at load_sp; returns when that is switched to
// again. `left` is the goroutine that is being left, or null.
gort::sched::Thread* gort_switch(void** save_sp, void* load_sp, gort::sched::Goroutine* left);
// The first frame of every goroutine stack; calls gort_goroutine_main(thread) and never returns.
// Its unwind information says that nothing is above it, so an uncaught exception is seen by
// std::terminate with the whole stack still there.
void gort_goroutine_entry();
[[noreturn]] void gort_goroutine_main(gort::sched::Thread* thread);
}

namespace gort::sched {

static_assert(offsetof(Goroutine, saving) == 8, "the assembly writes it");

// The stack pointer from which gort_switch starts a goroutine: a frame whose return address is
// gort_goroutine_entry. `top` is 16-byte aligned.
void* prepare_stack(char* top);

// Where a saved goroutine stands, for dumps: the frame that called gort_switch.
struct SavedFrame {
  void* pc;
  void* frame_pointer;
  void* sp;  // after gort_switch returns
};
SavedFrame saved_frame(void* sp);

}  // namespace gort::sched
