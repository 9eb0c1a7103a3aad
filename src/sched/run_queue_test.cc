// Tests of the run queue, against a model that is a std::deque.
//
// Single-threaded by [Q1], so is its test. Not here: who may touch it when (test/sim, test/stress).
#include "sched/run_queue.h"

#include <doctest/doctest.h>

#include <deque>
#include <memory>
#include <vector>

#include "base/random.h"

using gort::sched::Goroutine;
using gort::sched::RunQueue;

namespace {

std::vector<Goroutine> records(std::size_t count) { return std::vector<Goroutine>(count); }

// Takes everything out and says whether it is `records[first]`, `records[first + 1]`, ...
bool drains_in_order(RunQueue& queue, std::vector<Goroutine>& records, std::size_t first,
                     std::size_t count) {
  bool in_order = queue.size() == count;
  for (std::size_t i = 0; i < count; ++i) in_order &= queue.pop() == &records[first + i];
  return in_order && queue.pop() == nullptr && queue.size() == 0;
}

}  // namespace

TEST_CASE("a queue gives back what was pushed, oldest first") {
  auto all = records(3);
  RunQueue queue;
  CHECK(queue.pop() == nullptr);
  for (Goroutine& each : all) queue.push(&each);
  CHECK(queue.size() == 3);
  CHECK(drains_in_order(queue, all, 0, 3));
}

TEST_CASE("a queue grows without end and keeps the order") {
  auto all = records(5'000);
  RunQueue queue;
  for (Goroutine& each : all) queue.push(&each);
  CHECK(drains_in_order(queue, all, 0, all.size()));
}

TEST_CASE("a queue that grows with its head in the middle of the ring keeps the order") {
  for (const std::size_t popped : {1u, 100u, 255u, 256u, 300u}) {
    auto all = records(2'000);
    RunQueue queue;
    for (std::size_t i = 0; i < popped; ++i) {
      queue.push(&all[i]);
      CHECK(queue.pop() == &all[i]);
    }
    for (std::size_t i = popped; i < all.size(); ++i) queue.push(&all[i]);
    CHECK(drains_in_order(queue, all, popped, all.size() - popped));
  }
}

TEST_CASE("push_popped has room in a full ring right after a pop") {
  auto all = records(300);
  RunQueue queue;
  for (std::size_t i = 0; i < 256; ++i) queue.push(&all[i]);
  for (std::size_t i = 256; i < 300; ++i) {
    CHECK(queue.pop() == &all[i - 256]);
    queue.push_popped(&all[i]);
  }
  CHECK(drains_in_order(queue, all, 44, 256));
}

TEST_CASE("a thief gets the older half, rounded up, in order") {  // Go: steal takes ceil(n/2)
  for (std::uint32_t count = 0; count <= 256; ++count) {
    auto all = records(count);
    RunQueue victim, thief;
    for (Goroutine& each : all) victim.push(&each);
    const std::uint32_t taken = victim.give_half(thief, 1'000);
    CHECK(taken == (count + 1) / 2);
    CHECK(drains_in_order(thief, all, 0, taken));
    CHECK(drains_in_order(victim, all, taken, count - taken));
  }
}

TEST_CASE("a thief gets no more than its limit, behind what it has") {
  auto all = records(100);
  RunQueue victim, thief;
  for (std::size_t i = 0; i < 90; ++i) victim.push(&all[i + 10]);
  for (std::size_t i = 0; i < 10; ++i) thief.push(&all[i]);
  CHECK(victim.give_half(thief, 20) == 20);
  CHECK(drains_in_order(thief, all, 0, 30));
  CHECK(drains_in_order(victim, all, 30, 70));
}

TEST_CASE("nothing is lost or doubled, whatever is done to two queues") {
  gort::base::Random random(42);
  for (int round = 0; round < 20; ++round) {
    auto all = records(2'000);
    RunQueue queues[2];
    std::deque<Goroutine*> models[2];
    std::size_t pushed = 0;
    int wrong = 0;
    for (int step = 0; step < 10'000; ++step) {
      const std::uint32_t at = random.below(2);
      switch (random.below(8)) {
        case 0: {
          const std::uint32_t limit = 1 + random.below(200);
          const std::uint32_t taken = queues[at].give_half(queues[1 - at], limit);
          const auto half = static_cast<std::uint32_t>((models[at].size() + 1) / 2);
          wrong += taken != (half < limit ? half : limit);
          for (std::uint32_t i = 0; i < taken; ++i) {
            models[1 - at].push_back(models[at].front());
            models[at].pop_front();
          }
          break;
        }
        case 1:
        case 2:
        case 3: {
          Goroutine* popped = queues[at].pop();
          wrong += popped != (models[at].empty() ? nullptr : models[at].front());
          if (!models[at].empty()) models[at].pop_front();
          break;
        }
        default:
          if (pushed == all.size()) break;
          queues[at].push(&all[pushed]);
          models[at].push_back(&all[pushed++]);
      }
      wrong += queues[at].size() != models[at].size();
    }
    CHECK(wrong == 0);
  }
}
