// Unlocking a rw_mutex that no reader holds is fatal.
// expect-exit: 2
// expect-stderr: fatal error: sync: RUnlock of unlocked RWMutex
#include <gort/gort.hpp>

int main() {
  return gort::run([] {
    gort::rw_mutex m;
    m.lock_shared();
    m.unlock_shared();
    m.unlock_shared();
  });
}
