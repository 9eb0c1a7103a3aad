// The one signal that gort sends to its own threads, SIGURG, and who answers it.
//
// By it a thread is asked to halt for the collector (halt.h). Others may send it, too, to a handler
// of their own: so ours passes on every signal that is not from here. It is installed when it is
// first needed, and again when somebody has put a handler over it, as does runtime/interrupt.cc in
// a process that dies.
//
// Handlers run on the threads' signal stacks, since a goroutine's may be full. Runs on: senders,
// and any thread in signal context. Not here: who stops when (halt.cc).
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace gort::sched {

struct Thread;

// Installs the handler unless it is there. Before sending; one thread at a time.
void claim_signal();
// Sends it to a thread of this process; false if there is none with that number. Never blocks.
bool send_signal(pid_t thread);

// Lets it through to the calling thread, whatever mask that was started with.
void unblock_signal();
// Halts the calling thread where it stands if a signal waits that it blocks.
void take_signal();

// halt.cc: if the calling thread is asked to halt, does so until it is released.
void halt_if_asked(void* context);

}  // namespace gort::sched
