// Tests of the policy that says when a sleeping thread is woken, with a processor of our own and a
// scheduler without threads.
//
// The policy is arithmetic on a few counters. They are looked at in a child process, where no
// thread but ours exists and the scheduler's lists can be set as we like. Not here: whether
// wake-ups get lost (test/sim).
#include "sched/wake.h"

#include <doctest/doctest.h>

#include <memory>

#include "base/child_process.h"

using namespace gort::sched;

namespace {

// In the child: `idle` processors are said to be idle, but none can be taken, so nobody is really
// woken.
std::unique_ptr<Processor> pretend(int idle, int spinning) {
  scheduler.idle_processors = nullptr;
  scheduler.idle_count.store(idle);
  scheduler.spinning.store(spinning);
  return std::make_unique<Processor>();
}

// How many occasions pass until the next wake-up is considered.
std::uint32_t skipped_until_wake(Processor* processor, std::uint32_t max_skip) {
  std::uint32_t skipped = 0;
  while (processor->wake_skip > 0) {
    consider_wake(processor, max_skip);
    ++skipped;
  }
  consider_wake(processor, max_skip);
  return skipped;
}

bool holds_in_child(int (*test)()) { return gort_test::in_child(test).status == 0; }

}  // namespace

TEST_CASE("nobody is considered while no processor is idle") {
  CHECK(holds_in_child([] {
    const auto processor = pretend(0, 0);
    for (int i = 0; i < 100; ++i) consider_wake(processor.get(), kMaxSkipQueue);
    const bool untouched = processor->wake_skip == 0 && processor->wake_backoff == 1;
    return untouched && may_skip_wake(processor.get()) ? 0 : 1;
  }));
}

TEST_CASE("nobody is woken while somebody looks for work") {
  CHECK(holds_in_child([] {
    const auto processor = pretend(1, 1);
    for (int i = 0; i < 100; ++i) consider_wake(processor.get(), kMaxSkipQueue);
    return processor->wake_backoff == 1 && scheduler.spinning == 1 ? 0 : 1;
  }));
}

TEST_CASE("wake-ups that helped nobody become rarer, up to a bound") {
  CHECK(holds_in_child([] {
    const auto processor = pretend(1, 0);
    consider_wake(processor.get(), kMaxSkipQueue);
    std::uint32_t expected = 2;
    for (int i = 0; i < 20; ++i) {
      if (skipped_until_wake(processor.get(), kMaxSkipQueue) != expected) return 1;
      expected = expected * 2 > kMaxSkipQueue ? kMaxSkipQueue : expected * 2;
    }
    return expected == kMaxSkipQueue ? 0 : 1;
  }));
}

TEST_CASE("a theft makes wake-ups frequent again") {
  CHECK(holds_in_child([] {
    const auto processor = pretend(1, 0);
    for (int i = 0; i < 10; ++i) skipped_until_wake(processor.get(), kMaxSkipNext);
    if (processor->wake_backoff < 500) return 1;
    processor->stolen.store(3);
    skipped_until_wake(processor.get(), kMaxSkipNext);
    return processor->wake_backoff == 1 && processor->stolen == 0 ? 0 : 1;
  }));
}

TEST_CASE("a wake-up that finds no processor leaves nobody counted as spinning") {
  CHECK(holds_in_child([] {
    const auto processor = pretend(1, 0);
    wake_one();
    return scheduler.spinning == 0 ? 0 : 1;
  }));
}

TEST_CASE("push_next puts first in line, and what was first at the end of the queue") {
  CHECK(holds_in_child([] {
    const auto processor = pretend(0, 0);
    Goroutine first, second, third;
    push_next(processor.get(), &first);
    push_next(processor.get(), &second);
    push_next(processor.get(), &third);
    const bool order = processor->next.load() == &third && processor->queue.pop() == &first &&
                       processor->queue.pop() == &second && processor->queue.pop() == nullptr;
    return order ? 0 : 1;
  }));
}
