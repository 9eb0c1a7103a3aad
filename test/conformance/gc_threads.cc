// What ordinary threads hold: on their stacks, and in memory that lies where a stack could be.
//
// A handle finds out by its address whether a stack holds it, which is scanned, or memory that the
// collector must be told of. A thread's stack may end anywhere, and the next address be malloc's.
// A goroutine may go over to a stack of its own making, and wait there.
// Not here: threads that only keep a pointer -> gc_reachability.cc, stress -> test/stress.

#include "gc_support.h"

#include <pthread.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <memory>
#include <thread>

using namespace conformance;
using gort::new_;
using gort::ptr;

namespace {

// A goroutine that waits on a fiber: another stack than its own, to which it goes and comes back.
class Fiber {
 public:
  explicit Fiber(gort::chan<int> go_on) : go_on_(go_on) {
    ::getcontext(&there_);
    there_.uc_stack = {memory_.get(), 0, kBytes};
    there_.uc_link = nullptr;
    const auto self = reinterpret_cast<std::uintptr_t>(this);
    ::makecontext(&there_, reinterpret_cast<void (*)()>(enter), 2,
                  static_cast<unsigned>(self >> 32), static_cast<unsigned>(self));
  }
  void wait() { ::swapcontext(&here_, &there_); }

 private:
  static constexpr std::size_t kBytes = std::size_t{64} << 10;

  static void enter(unsigned high, unsigned low) {
    auto* const self = reinterpret_cast<Fiber*>(std::uintptr_t{high} << 32 | low);
    self->go_on_.recv();
    ::swapcontext(&self->there_, &self->here_);
  }

  gort::chan<int> go_on_;
  std::unique_ptr<char[]> memory_{new char[kBytes]};
  ucontext_t here_, there_;
};

// Of a thread that ends, after its goroutine.
struct AtThreadEnd {
  ptr<Cell> cell;
  std::atomic<int>* right = nullptr;
  ~AtThreadEnd() {
    if (right == nullptr) return;
    churn_heap(100);
    *right += cell->holds(7);
  }
};
thread_local AtThreadEnd at_thread_end;
// A function of its own: locking may come back on another thread, and compilers keep addresses.
[[gnu::noinline]] void fill_at_thread_end(Cell* cell, std::atomic<int>* right) {
  at_thread_end.cell = cell;
  at_thread_end.right = right;
}

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

TEST_CASE("what a thread that has called nothing loads from an atomic_ptr lives") {
  const auto shared = std::make_unique<gort::atomic_ptr<Cell>>();
  elsewhere([&] { shared->store(new_cell(5)); });
  std::atomic<int> at{0};
  bool right = false;
  std::thread thread([&] {
    Cell* const mine = shared->load();
    at = 1;
    while (at.load() < 2) std::this_thread::yield();
    right = mine->holds(5);
  });
  while (at.load() < 1) gort::sleep(1ms);
  shared->store(nullptr);
  collect_and_churn();
  at = 2;
  gort::blocking([&] { thread.join(); });
  CHECK(right);
}

TEST_CASE("a thread that has called nothing is known before it takes from an atomic_ptr or swaps") {
  struct Shared {
    gort::atomic_ptr<Cell> atomic{new_cell(1)};
    ptr<Cell> a = new_cell(2), b = new_cell(3);
  };
  const auto shared = std::make_unique<Shared>();
  const auto is_known_after = [](auto act) {
    bool known = false;
    std::thread thread([&] {
      act();
      known = gort::sched::is_attached();
    });
    gort::blocking([&] { thread.join(); });
    return known;
  };
  CHECK(is_known_after([&] { CHECK(shared->atomic.load()->holds(1)); }));
  CHECK(is_known_after([&] { shared->atomic.exchange(nullptr); }));
  CHECK(is_known_after([&] { shared->atomic.store(nullptr, std::memory_order_release); }));
  CHECK(is_known_after([&] {
    Cell* none = nullptr;
    shared->atomic.compare_exchange_strong(none, nullptr);
  }));
  CHECK(is_known_after([&] { shared->a.swap(shared->b); }));
  CHECK(shared->a->holds(3));
}

TEST_CASE("a store to a thread-local variable is made, whether the collector marks or not") {
  static thread_local ptr<Cell> local;
  int wrong = 0;
  std::thread thread([&] {
    Cell* const cells[] = {new_cell(0), new_cell(1)};
    while (!gort::detail::is_marking()) gort::yield();
    for (std::size_t i = 0; i < 1'000'000 && gort::detail::is_marking(); ++i) {
      local = cells[i % 2];
      asm volatile("" : : : "memory");
      wrong += local.get() != cells[i % 2];
    }
    local = nullptr;
  });
  {
    ConstantCollection collection;
    gort::blocking([&] { thread.join(); });
  }
  CHECK(wrong == 0);
}

TEST_CASE("what a thread-local variable refers to lives until the variable has ended") {
  std::atomic<int> right{0};
  const int threads = scaled(40);
  {
    ConstantCollection collection;
    for (int i = 0; i < threads; ++i) {
      gort::wait_group done;
      // It ends with its thread.
      done.go([&right] {
        gort::lock_os_thread();
        fill_at_thread_end(new_cell(7), &right);
      });
      done.wait();
    }
    CHECK(eventually([&] { return right.load() == threads; }));
  }
}

TEST_CASE("a place for handles that was empty for a cycle can be used again") {
  constexpr std::size_t kCount = 5'000;
  const auto memory = std::make_unique<std::byte[]>(kCount * sizeof(ptr<Cell>));
  auto* const handles = reinterpret_cast<ptr<Cell>*>(memory.get());
  std::size_t right = 0;
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < kCount; ++i) new (&handles[i]) ptr<Cell>(new_cell(i));
    collect_and_churn();
    for (std::size_t i = 0; i < kCount; ++i) {
      right += handles[i]->holds(i);
      handles[i].~ptr<Cell>();
    }
    gort::gc();
    gort::gc();
  }
  CHECK(right == 3 * kCount);
}

// Sanitizers want to be told of such switches.
#if !defined(GORT_TEST_ASAN) && !defined(GORT_TEST_TSAN)
TEST_CASE("what a goroutine's stack refers to lives while it waits on a fiber") {
  constexpr int kCount = 20;
  std::atomic<int> right{0};
  const gort::chan<int> go_on = gort::make<gort::chan<int>>();
  gort::wait_group done;
  for (int i = 0; i < kCount; ++i) {
    done.go([&right, go_on, i] {
      Cell* const mine = new_cell(static_cast<std::uint64_t>(i));
      Fiber fiber(go_on);
      fiber.wait();
      right += mine->holds(static_cast<std::uint64_t>(i));
    });
  }
  for (int round = 0; round < 3; ++round) collect_and_churn();
  gort::sleep(1'200ms);  // the runtime looks after fat stacks once a second
  collect_and_churn();
  go_on.close();
  done.wait();
  CHECK(right.load() == kCount);
}
#endif
