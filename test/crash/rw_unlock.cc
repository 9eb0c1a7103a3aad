// Unlocking a rw_mutex that no writer holds is fatal, also while readers do.
// expect-exit: 2
// expect-stderr: fatal error: sync: Unlock of unlocked RWMutex
#include <gort/gort.hpp>

int main() {
  return gort::run([] {
    gort::rw_mutex m;
    m.lock();
    m.unlock();
    m.lock_shared();
    m.unlock();
  });
}
