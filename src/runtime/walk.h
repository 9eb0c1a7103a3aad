// Two tiny assembly functions without which a dying process could not look around.
//
// gort_walk_parked calls a function that appears, to an unwinder, to have been called by a parked
// goroutine. It stays on the caller's stack and writes nothing to the other: its unwind information
// alone says that the next frame's registers are those that gort_switch saved at `saved_sp`. So the
// unwinder that every C++ program has walks any parked stack, with a debugger's precision and
// without another library. Rejected: calling it on the parked stack itself (it dirties a page per
// goroutine, and may have no room), libdw's unwinder (not always there), frame pointers (not always
// kept).
//
// gort_call_on_stack calls a function on other memory, for reports: the stack at hand may be used
// up.
// Runs on any stack, in signal handlers too. Not here: what is done with the frames (traceback.cc).
#pragma once

extern "C" {
void gort_walk_parked(void* saved_sp, void (*function)(void* argument), void* argument);
// `top` is 16-byte aligned; unwinding ends there. Returns when the function does.
void gort_call_on_stack(void* top, void (*function)(void* argument), void* argument);
}
