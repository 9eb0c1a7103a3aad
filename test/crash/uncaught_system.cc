// With GOTRACEBACK=system the runtime's own frames are shown.
//
// env: GOTRACEBACK=system
// expect-exit: 2
// expect-stderr: panic: everything is wrong
// expect-stderr: gort::sched::
// expect-stderr: gort_goroutine_entry
#include <gort/gort.hpp>

int main() {
  return gort::run([] { gort::panic("everything is wrong"); });
}
