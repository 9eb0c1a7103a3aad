// What ordinary threads hold: on their stacks, and in memory that lies where a stack could be.
//
// A handle finds out by its address whether a stack holds it, which is scanned, or memory that the
// collector must be told of. A thread's stack may end anywhere, and the next address be malloc's.
// Not here: threads that only keep a pointer -> gc_reachability.cc, stress -> test/stress.

#include "gc_support.h"

#include <pthread.h>
#include <sys/mman.h>

#include <memory>
#include <thread>

using namespace conformance;
using gort::new_;
using gort::ptr;

namespace {

// The second half of a mapping whose first half is a thread's stack.
constexpr std::size_t kHalf = std::size_t{1} << 20;
constexpr std::size_t kHandles = kHalf / 16;

struct Beside {
  ptr<Cell>* handles = nullptr;
  std::atomic<int> at{0};
  std::size_t right = 0;

  void run() {
    for (std::size_t i = 0; i < kHandles; ++i) new (&handles[i]) ptr<Cell>(new_cell(i));
    at = 1;
    while (at.load() < 2) std::this_thread::yield();
    for (std::size_t i = 0; i < kHandles; ++i) {
      right += handles[i]->holds(i);
      handles[i].~ptr<Cell>();
    }
  }
};

}  // namespace

TEST_CASE("handles in memory just above a thread's stack keep what they refer to") {
  void* const both =
      ::mmap(nullptr, 2 * kHalf, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(both != MAP_FAILED);
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  REQUIRE(::pthread_attr_setstack(&attributes, both, kHalf) == 0);
  Beside beside;
  beside.handles = reinterpret_cast<ptr<Cell>*>(static_cast<char*>(both) + kHalf);
  pthread_t thread;
  const auto run = [](void* argument) -> void* {
    static_cast<Beside*>(argument)->run();
    return nullptr;
  };
  REQUIRE(::pthread_create(&thread, &attributes, run, &beside) == 0);
  while (beside.at.load() < 1) gort::sleep(1ms);
  collect_and_churn();
  beside.at = 2;
  gort::blocking([&] { ::pthread_join(thread, nullptr); });
  CHECK(beside.right == kHandles);
  // Nobody looks there any more.
  ::pthread_attr_destroy(&attributes);
  ::munmap(both, 2 * kHalf);
  gort::gc();
}

TEST_CASE("a handle on the stack of a thread that has called nothing keeps its object") {
  auto shared = std::make_unique<ptr<Cell>>();
  elsewhere([&] { *shared = new_cell(5); });
  std::atomic<int> at{0};
  bool right = false;
  std::thread thread([&] {
    const ptr<Cell> mine = *shared;
    at = 1;
    while (at.load() < 2) std::this_thread::yield();
    right = mine->holds(5);
  });
  while (at.load() < 1) gort::sleep(1ms);
  *shared = nullptr;
  collect_and_churn();
  at = 2;
  gort::blocking([&] { thread.join(); });
  CHECK(right);
}
