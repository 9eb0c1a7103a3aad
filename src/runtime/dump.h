// What a dying process says, and the dump of a living one.
//
// A death has three parts: the message, printed by whoever noticed; the stack at fault, collected
// where it is still there; and the report, made on the death stack (death.h) with the world frozen:
// the goroutine at fault first, then, if the kind of death or GOTRACEBACK asks for it, all others.
// The format is Go's.
// Runs on the thread that dies. Not here: which stack frames are shown (traceback.cc), signals
// (signals.cc).
#pragma once

#include "base/assert.h"
#include "runtime/traceback.h"

namespace gort::runtime {

// The stack at fault, for the first thread to die only: too large for a goroutine's stack.
Trace& death_trace();

enum class Fault : std::uint8_t {
  calling,  // the calling thread's goroutine, whose stack is in death_trace()
  nobody,   // a deadlock, SIGQUIT
};
// After the message: prints the rest and ends the process. The caller has claimed the death.
[[noreturn]] void die_with_report(Fault fault, base::FatalScope scope);

// The hook of base::fatal.
void report_fatal(base::FatalScope scope);

}  // namespace gort::runtime
