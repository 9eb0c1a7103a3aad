// The main goroutine waits in a select without cases: nobody can ever wake it.
//
// expect-exit: 2
// expect-stderr: fatal error: all goroutines are asleep - deadlock!
// expect-stderr: goroutine 1 [select (no cases)]:
// expect-stderr: deadlock_select.cc:12
#include <gort/gort.hpp>

int main() {
  return gort::run([] {
    // What follows is the line that the report names.
    gort::select();
  });
}
