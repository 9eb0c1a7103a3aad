// Storage of the one thread-local variable, and its setter.
//
// The initial value is the shared record of threads that gort has never seen (sched/thread.cc). The
// variable uses the initial-exec model in every build, so reading it is two instructions and never
// a call of the dynamic linker. Not here: how it is read ([T1] in this_thread.h).
#include "base/this_thread.h"

namespace gort::sched {
extern "C" Thread gort_unattached_thread;
}

__thread gort::sched::Thread* gort_current_thread __attribute__((tls_model("initial-exec"))) =
    &gort::sched::gort_unattached_thread;

namespace gort::base {

[[gnu::noinline]] void set_current_thread(sched::Thread* thread) { gort_current_thread = thread; }

}  // namespace gort::base
