// A goroutine of the runtime's own that sleeps again and again is no hope for those that wait.
//
// expect-exit: 2
// expect-stderr: fatal error: all goroutines are asleep - deadlock!
#include <gort/gort.hpp>

#include "base/event.h"
#include "sched/sched.h"
#include "sched/world.h"

namespace {
void sleep_for_ever(void*) {
  using namespace gort::sched;
  for (;;) leave(sleep_until(enter(), gort::base::now_ns() + 300'000));
}
}  // namespace

int main() {
  gort::sched::spawn_system(sleep_for_ever, nullptr);
  gort::run([] {});  // it outlives a run
  return gort::run([] { gort::make<gort::chan<int>>().recv(); });
}
