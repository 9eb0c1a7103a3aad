// The race detector's fibers, kept for reuse.
//
// A reused fiber remembers what its last goroutine had synchronised with, so a few races are
// missed; making one for every goroutine would be a thousand times the cost of the goroutine. The
// detector allows 8,128 of them at once. Empty in builds without it. Runs inside the runtime. Not
// here: the announcements (sanitizer.h).
#include "sched/sanitizer.h"

#if defined(__SANITIZE_THREAD__)
#include <vector>

#include "base/spin_lock.h"

namespace gort::sched {
namespace {
base::SpinLock fibers_lock;
std::vector<void*>& free_fibers = *new std::vector<void*>();
}  // namespace

void* take_fiber() {
  {
    base::Guard guard(fibers_lock);
    if (!free_fibers.empty()) {
      void* fiber = free_fibers.back();
      free_fibers.pop_back();
      return fiber;
    }
  }
  return __tsan_create_fiber(0);
}

void return_fiber(void* fiber) {
  base::Guard guard(fibers_lock);
  free_fibers.push_back(fiber);
}

}  // namespace gort::sched

// The detector's own search for the thread-local storage of libraries that were loaded late (those
// that name functions in a dump) takes every block whose address ends in 0x010 for one with a
// header before it, as old C libraries laid them out; with any other it reads a size from memory
// that is not its, and ends the program. It watches allocations without it. A program's own
// definition replaces this one.
extern "C" [[gnu::weak, gnu::used, gnu::visibility("default")]] const char*
__tsan_default_options() {
  return "intercept_tls_get_addr=0";
}
#endif
