// Giving back more permits than were taken is fatal.
// expect-exit: 2
// expect-stderr: fatal error: semaphore: released more than held
#include <gort/gort.hpp>

int main() {
  return gort::run([] {
    gort::semaphore s(3);
    s.acquire(2);
    s.release();
    s.release(2);
  });
}
