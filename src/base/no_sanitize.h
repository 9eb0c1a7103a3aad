// GORT_NO_SANITIZE: a function that the address and thread sanitizers leave alone.
//
// For what looks through memory that is not its own: stacks, objects that others write to, frames
// of threads that were stopped. Both compilers take the attribute's other spelling for a mistake.
// Not here: telling the sanitizers of switches (sched/sanitizer.h).
#pragma once

#if defined(__clang__)
#define GORT_NO_SANITIZE [[clang::no_sanitize("address", "thread")]]
#else
#define GORT_NO_SANITIZE [[gnu::no_sanitize("address", "thread")]]
#endif
