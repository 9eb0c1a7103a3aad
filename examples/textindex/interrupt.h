// Ctrl-C, and SIGTERM, as something to ask for instead of something that happens.
//
// The signals are blocked before any other thread exists, so none is ever interrupted by them; they
// stay pending until somebody takes them. The pipeline has a goroutine that waits in wait() and
// then cancels its context; the serial mode calls poll() between two blocks. There is no handler,
// and so nothing that only a handler may or may not do.
//
// Once one has been taken they are unblocked again: a second Ctrl-C ends the program at once, even
// if a disk has stopped answering.
#pragma once

namespace textindex::interrupt {

// Called by main before anything else. A signal that is ignored (nohup, a shell's background job)
// stays ignored.
void block_signals();

// Waits until a signal comes. Blocks the thread.
void wait();

// Takes a pending signal, if there is one, and returns whether any has been taken so far.
bool poll();

// The signal that was taken, or 0. Any thread.
int taken();

}  // namespace textindex::interrupt
