// Tests of the table of waiters: runs stay in one piece whatever is taken out.
//
// Not here: the locks that use it (mutex_test.cc, rw_mutex_test.cc).
#include "sync/parking.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <vector>

#include "base/random.h"

using gort::sync::Choice;
using gort::sync::Parked;
using gort::sync::ParkingQueue;

namespace {

struct Waiting {
  explicit Waiting(void* address) : waiter(address) { waiter.goroutine = &goroutine; }

  gort::sched::Goroutine goroutine;
  Parked waiter;
};

Parked* claim(ParkingQueue& queue, const void* address) {
  return queue.claim_first(address, [] {});
}

}  // namespace

TEST_CASE("waiters of several addresses in one queue are found by theirs, in order") {
  int a = 0;
  int b = 0;
  Waiting a1(&a), b1(&b), a2(&a), b2(&b), a0(&a);
  ParkingQueue queue;
  for (Waiting* w : {&a1, &b1, &a2, &b2}) queue.push_back(&w->waiter);
  queue.push_front(&a0.waiter);
  CHECK(queue.check_invariants());
  CHECK(claim(queue, &b) == &b1.waiter);
  CHECK(claim(queue, &a) == &a0.waiter);
  CHECK(claim(queue, &a) == &a1.waiter);
  CHECK(claim(queue, &a) == &a2.waiter);
  CHECK(claim(queue, &a) == nullptr);
  CHECK(claim(queue, &b) == &b2.waiter);
  CHECK(queue.empty());
}

TEST_CASE("waiters that were claimed elsewhere, or whose run is over, are passed over") {
  int a = 0;
  Waiting cancelled(&a), abandoned(&a), good(&a);
  Choice taken;
  taken.claim();
  cancelled.waiter.choice = &taken;
  abandoned.goroutine.set(gort::sched::kAbandoned);
  ParkingQueue queue;
  for (Waiting* w : {&cancelled, &abandoned, &good}) queue.push_back(&w->waiter);
  int removed = 0;
  CHECK(queue.claim_first(&a, [&] { ++removed; }) == &good.waiter);
  CHECK(removed == 3);
  CHECK(queue.empty());
}

TEST_CASE("whatever is queued and taken out, a queue does as a list per address would") {
  constexpr int kAddresses = 5;
  char addresses[kAddresses];
  std::deque<Waiting*> model[kAddresses];
  std::vector<std::unique_ptr<Waiting>> all;
  ParkingQueue queue;
  gort::base::Random random(7);
  int wrong = 0;
  for (int step = 0; step < 20'000; ++step) {
    const auto n = random.below(kAddresses);
    auto& list = model[n];
    switch (random.below(4)) {
      case 0:
        all.push_back(std::make_unique<Waiting>(&addresses[n]));
        queue.push_back(&all.back()->waiter);
        list.push_back(all.back().get());
        break;
      case 1:
        all.push_back(std::make_unique<Waiting>(&addresses[n]));
        queue.push_front(&all.back()->waiter);
        list.push_front(all.back().get());
        break;
      case 2:
        if (list.empty()) break;
        wrong += claim(queue, &addresses[n]) != &list.front()->waiter;
        list.pop_front();
        break;
      default:
        if (list.empty()) break;
        const auto at = list.begin() + random.below(static_cast<std::uint32_t>(list.size()));
        queue.remove(&(*at)->waiter);
        list.erase(at);
    }
    wrong += !queue.check_invariants();
    wrong += queue.find(&addresses[n]) != (list.empty() ? nullptr : &list.front()->waiter);
  }
  CHECK(wrong == 0);
}
