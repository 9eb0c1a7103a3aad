// Tests of the one thread-local variable; and, for this program, the record that it starts with.
//
// The real record belongs to sched/, which base_test does not link: any object will do here, as
// base/ never looks inside.
// Not here: what a thread record is (sched/thread.h).
#include "base/this_thread.h"

#include <doctest/doctest.h>

#include <thread>

namespace gort::sched {
struct Thread {
  int nothing = 0;
};
extern "C" {
Thread gort_unattached_thread;
}
}  // namespace gort::sched

TEST_CASE("each OS thread has a current thread of its own, at first the unattached one") {
  using gort::base::current_thread;
  using gort::base::set_current_thread;
  auto* const unattached = &gort::sched::gort_unattached_thread;
  CHECK(current_thread() == unattached);
  gort::sched::Thread mine, other;
  set_current_thread(&mine);
  CHECK(current_thread() == &mine);
  std::thread([&] {
    CHECK(current_thread() == unattached);
    set_current_thread(&other);
    CHECK(current_thread() == &other);
  }).join();
  CHECK(current_thread() == &mine);
  set_current_thread(unattached);
}
