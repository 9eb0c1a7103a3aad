// Waiting that can be called off: who wins, and that both queues are left.
//
// Not here: the primitives that use it, contexts.
#include <doctest/doctest.h>

#include <atomic>

#include "gort/chan.hpp"
#include "gort/go.hpp"
#include "sync/wait.h"

using namespace gort::sync;
using gort::WaitReason;
using gort::sched::Section;

namespace {

// The least primitive: a gate that lets one waiter through per release.
class Gate {
 public:
  WaitOutcome pass(Channel* done) {
    Section section;
    lock_.lock();
    if (tickets_ > 0) {
      --tickets_;
      lock_.unlock();
      return WaitOutcome::woken;
    }
    Waiter waiter;
    CancellableWait wait(section, waiter, done);
    queue_.push_back(&waiter);
    lock_.unlock();
    return wait.park(lock_, WaitReason::semacquire);
  }
  void release() {
    Section section;
    lock_.lock();
    Waiter* const waiter = queue_.claim_first();
    if (waiter == nullptr) ++tickets_;
    lock_.unlock();
    if (waiter != nullptr) wake(section.thread(), waiter);
  }
  bool is_empty() {
    Section section;
    gort::base::Guard guard(lock_);
    return queue_.empty();
  }
  int tickets() const { return tickets_; }

 private:
  ElidedLock lock_;
  WaitQueue queue_;
  int tickets_ = 0;
};

using Done = gort::chan<gort::unit>;

struct Attempt {
  gort::chan<WaitOutcome> result = gort::make<gort::chan<WaitOutcome>>(1);
  Attempt(Gate& gate, const Done& done) {
    gort::go([&gate, done, result = result] { result.send(gate.pass(core(done))); });
  }
  WaitOutcome outcome() const { return *result.recv(); }
};

void wait_for_waiter(Gate& gate) {
  while (gate.is_empty()) gort::yield();
}

}  // namespace

TEST_CASE("without a done channel a wait ends when its primitive wakes it") {
  Gate gate;
  Attempt attempt(gate, Done());
  wait_for_waiter(gate);
  gate.release();
  CHECK(attempt.outcome() == WaitOutcome::woken);
}

TEST_CASE("a wait ends with its done channel and stands in no queue any more") {
  Gate gate;
  auto done = gort::make<Done>();
  Attempt first(gate, done);
  Attempt second(gate, Done());
  Attempt third(gate, done);
  wait_for_waiter(gate);
  done.close();
  CHECK(first.outcome() == WaitOutcome::done);
  CHECK(third.outcome() == WaitOutcome::done);
  gate.release();
  CHECK(second.outcome() == WaitOutcome::woken);
  CHECK(gate.is_empty());
}

TEST_CASE("a wait whose done channel is closed already does not park") {
  Gate gate;
  auto done = gort::make<Done>();
  done.close();
  CHECK(gate.pass(core(done)) == WaitOutcome::done);
  CHECK(gate.is_empty());
  gate.release();
  CHECK(gate.pass(core(done)) == WaitOutcome::woken);  // what need not wait does not look
}

TEST_CASE("a wait that was served leaves the done channel") {
  Gate gate;
  auto done = gort::make<Done>();
  Attempt attempt(gate, done);
  wait_for_waiter(gate);
  gate.release();
  CHECK(attempt.outcome() == WaitOutcome::woken);
  Section section;
  gort::base::Guard guard(core(done)->lock);
  CHECK(core(done)->receivers.empty());
}

TEST_CASE("a release and a close at the same time: exactly one of them ends the wait") {
  constexpr int kRounds = 2'000;
  int wrong = 0;
  for (int round = 0; round < kRounds; ++round) {
    Gate gate;
    auto done = gort::make<Done>();
    auto released = gort::make<Done>(1);
    Attempt attempt(gate, done);
    gort::go([&gate, released] {
      gate.release();
      released.send({});
    });
    if (round % 2 == 0) gort::yield();
    done.close();
    const bool woken = attempt.outcome() == WaitOutcome::woken;
    (void)released.recv();
    wrong += gate.tickets() != (woken ? 0 : 1) || !gate.is_empty();
  }
  CHECK(wrong == 0);
}
