// Tests of halting threads in user code, and of what is found there.
//
// The test's goroutine halts all others. Not here: the look at a goroutine before it runs
// (halt_scan_test.cc), what the collector does with it (gc/).
#include "sched/halt.h"

#include <doctest/doctest.h>
#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "gort/chan.hpp"
#include "gort/runtime.hpp"
#include "gort/sync.hpp"
#include "sched/halt_fixture.h"

using namespace gort_test;

namespace {

// The value in one register, and nowhere else, until `stop`; in a general one, or in a vector.
[[gnu::noinline]] GORT_NO_SANITIZE void hold_in_register(std::atomic<int>& ready,
                                                         const std::atomic<int>& stop,
                                                         bool in_vector) {
#if defined(__x86_64__)
  asm volatile(
      "movq %[hidden], %%rbx\n\t"
      "notq %%rbx\n\t"
      "testl %[vector], %[vector]\n\t"
      "je 1f\n\t"
      "movq %%rbx, %%xmm7\n\t"
      "xorl %%ebx, %%ebx\n"
      "1:\tmovl $1, (%[ready])\n"
      "2:\tpause\n\t"
      "cmpl $0, (%[stop])\n\t"
      "je 2b\n\t"
      "xorl %%ebx, %%ebx\n\t"
      "pxor %%xmm7, %%xmm7"
      :
      : [hidden] "r"(kHidden), [vector] "r"(static_cast<int>(in_vector)), [ready] "r"(&ready),
        [stop] "r"(&stop)
      : "rbx", "xmm7", "memory", "cc");
#else
  asm volatile(
      "mvn x19, %[hidden]\n\t"
      "cbz %w[vector], 1f\n\t"
      "fmov d7, x19\n\t"
      "mov x19, xzr\n"
      "1:\tmov w9, #1\n\t"
      "str w9, [%[ready]]\n"
      "2:\tyield\n\t"
      "ldr w9, [%[stop]]\n\t"
      "cbz w9, 2b\n\t"
      "mov x19, xzr\n\t"
      "fmov d7, xzr"
      :
      : [hidden] "r"(kHidden), [vector] "r"(static_cast<int>(in_vector)), [ready] "r"(&ready),
        [stop] "r"(&stop)
      : "x9", "x19", "v7", "memory", "cc");
#endif
}

// The value in a local variable, until `stop`; then gone.
[[gnu::noinline]] GORT_NO_SANITIZE void hold_on_stack(std::atomic<int>& ready,
                                                      const std::atomic<int>& stop) {
  [[maybe_unused]] volatile std::uint64_t kept = ~kHidden;
  ready.store(1);
  while (stop.load() == 0) {
  }
  kept = 0;
}

thread_local volatile std::uint64_t of_thread = 0;

}  // namespace

TEST_CASE("a value that only a register holds is found there, or in a vector register") {
  for (const bool in_vector : {false, true}) {
    std::atomic<int> ready{0}, stop{0}, done{0};
    beside_us([&, in_vector] { hold_in_register(ready, stop, in_vector); }, ready, stop, done);
    for (int i = 0; i < 20; ++i) {
      CHECK(count_halted(in_registers) == 1);
      CHECK(count_halted(on_stack) == 0);
    }
    stop.store(1);
    wait_until([&] { return done.load() != 0; });
    CHECK(count_halted(in_registers) == 0);
  }
}

TEST_CASE("a value on the stack of a goroutine that runs is found there") {
  std::atomic<int> ready{0}, stop{0}, done{0};
  beside_us([&] { hold_on_stack(ready, stop); }, ready, stop, done);
  for (int i = 0; i < 20; ++i) CHECK(count_halted(on_stack) == 1);
  stop.store(1);
  wait_until([&] { return done.load() != 0; });
}

TEST_CASE("a foreign thread's stack and registers are found while it runs and while it is parked") {
  std::atomic<int> ready{0}, stop{0};
  std::thread foreign([&] {
    { Section attached; }
    hold_on_stack(ready, stop);
    hold_in_register(ready, stop, false);
  });
  wait_until([&] { return ready.load() != 0; });
  CHECK(count_halted([](const Halted& it) { return it.halted && on_stack(it); }) == 1);
  stop.store(1);
  foreign.join();

  {
    ParkedThread sleeper;
    wait_until([] {
      return count_halted([](const Halted& it) {
               return !it.halted && it.goroutine != nullptr && on_stack(it);
             }) == 1;
    });
    sleeper.wake();
  }
  CHECK(count_halted(on_stack) == 0);
}

TEST_CASE("a register that the caller keeps is on the stack of a foreign thread that parks") {
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
  static std::atomic<Goroutine*> waiter{nullptr};
  std::thread sleeper([] {
    Section section;
    Thread* const thread = section.thread();
    waiter.store(section.goroutine());
    Thread* back = nullptr;
    asm volatile(
        "movq %[hidden], %%rbx\n\t"
        "notq %%rbx\n\t"
        "movq %%rsp, %%r12\n\t"
        "subq $256, %%rsp\n\t"
        "andq $-16, %%rsp\n\t"
        "call *%[park]\n\t"
        "movq %%r12, %%rsp\n\t"
        "xorl %%ebx, %%ebx"
        : "=a"(back)
        : [hidden] "r"(kHidden), [park] "r"(&park), "D"(thread), "S"(0)
        : "rbx", "r12", "rcx", "rdx", "r8", "r9", "r10", "r11", "memory", "cc");
    CHECK(back == thread);
  });
  wait_until([] { return waiter.load() != nullptr; });
  const auto parked = [](const Halted& it) { return !it.halted && on_stack(it); };
  wait_until([&] { return count_halted(parked) == 1; });
  {
    Section section;
    section.ready(waiter.load());
  }
  sleeper.join();
#endif
}

TEST_CASE("static thread-local storage is found, of gort's threads and of foreign ones") {
  std::atomic<int> ready{0}, stop{0}, done{0};
  const auto hold = [&] {
    of_thread = ~kHidden;
    ready.store(1);
    while (stop.load() == 0) std::this_thread::yield();
    of_thread = 0;
  };
  beside_us(hold, ready, stop, done);
  CHECK(count_halted(in_locals) == 1);
  stop.store(1);
  wait_until([&] { return done.load() != 0; });
  CHECK(count_halted(in_locals) == 0);

  ready.store(0);
  stop.store(0);
  std::thread foreign([&] {
    { Section attached; }
    hold();
  });
  wait_until([&] { return ready.load() != 0; });
  CHECK(count_halted(in_locals) == 1);
  stop.store(1);
  foreign.join();

  of_thread = ~kHidden;  // the caller's own thread is listed for it
  CHECK(count_halted(in_locals) == 1);
  of_thread = 0;
}

TEST_CASE("the thread that waits in run() is listed as one that is parked") {
  const auto waits = [](const Halted& it) {
    return !it.halted && it.goroutine != nullptr && it.stack.low < it.stack.high &&
           it.goroutine->has(kForeign);
  };
  CHECK(count_halted(waits) == 1);
}

namespace {

// Global, as the compiler believes: on aarch64 it looks them up in the table of addresses, where a
// local label would become its section's begin.
extern "C" const char gort_test_window_begin[], gort_test_window_end[];
std::atomic<int> restarts{0};

GORT_NO_SANITIZE std::uintptr_t restart_window(std::uintptr_t pc) {
  const auto begin = reinterpret_cast<std::uintptr_t>(gort_test_window_begin);
  if (pc <= begin || pc >= reinterpret_cast<std::uintptr_t>(gort_test_window_end)) return pc;
  restarts.fetch_add(1);
  return begin;
}

// Counts up where the window begins, and stays in it for ever; out when it begins after `stop`.
[[gnu::noinline]] GORT_NO_SANITIZE void stay_in_window(std::atomic<int>& begun,
                                                       const std::atomic<int>& stop) {
#if defined(__x86_64__)
  asm volatile(
      ".globl gort_test_window_begin, gort_test_window_end\n"
      "gort_test_window_begin:\n\t"
      "cmpl $0, (%[stop])\n\t"
      "jne gort_test_window_end\n\t"
      "movl $1, (%[begun])\n"
      "1:\tpause\n\t"
      "jmp 1b\n"
      "gort_test_window_end:"
      :
      : [begun] "r"(&begun), [stop] "r"(&stop)
      : "memory", "cc");
#else
  asm volatile(
      ".globl gort_test_window_begin, gort_test_window_end\n"
      "gort_test_window_begin:\n\t"
      "ldr w9, [%[stop]]\n\t"
      "cbnz w9, gort_test_window_end\n\t"
      "mov w9, #1\n\t"
      "str w9, [%[begun]]\n"
      "1:\tyield\n\t"
      "b 1b\n"
      "gort_test_window_end:"
      :
      : [begun] "r"(&begun), [stop] "r"(&stop)
      : "x9", "memory", "cc");
#endif
}

}  // namespace

TEST_CASE("a thread halted in a window goes on where the restart function says") {
  set_restart(restart_window);
  std::atomic<int> begun{0}, stop{0}, done{0};
  restarts.store(0);
  beside_us([&] { stay_in_window(begun, stop); }, begun, stop, done);
  for (int i = 0; i < 100; ++i) {
    begun.store(0);
    count_halted(in_registers);
    CHECK(restarts.load() == i + 1);
    wait_until([&] { return begun.load() != 0; });
  }
  stop.store(1);
  count_halted(in_registers);
  wait_until([&] { return done.load() != 0; });
  CHECK(restarts.load() == 101);
  set_restart(nullptr);
}

namespace {

struct Crowd {
  static constexpr int kBusy = 8, kBlocking = 3, kForeign = 3;
  std::atomic<bool> over{false};
  std::atomic<std::uint64_t> steps[kBusy + kBlocking + kForeign] = {};
  gort::wait_group ended;
  std::vector<std::thread> threads;

  Crowd() {
    for (int i = 0; i < kBusy; ++i) {
      ended.go([this, i] {
        while (!over.load()) {
          for (int n = 0; n < 1000; ++n) steps[i].fetch_add(1, std::memory_order_relaxed);
          gort::yield();
        }
      });
    }
    for (int i = kBusy; i < kBusy + kBlocking; ++i) {
      ended.go([this, i] { gort::blocking([this, i] { count(i); }); });
    }
    for (int i = kBusy + kBlocking; i < kBusy + kBlocking + kForeign; ++i) {
      threads.emplace_back([this, i] {
        while (!over.load()) {
          gort::yield();
          for (int n = 0; n < 1000; ++n) steps[i].fetch_add(1, std::memory_order_relaxed);
        }
      });
    }
  }
  void count(int i) {
    while (!over.load()) steps[i].fetch_add(1, std::memory_order_relaxed);
  }
  std::uint64_t all_steps() const {
    std::uint64_t sum = 0;
    for (const auto& each : steps) sum += each.load(std::memory_order_relaxed);
    return sum;
  }
  bool has_begun() const {
    return std::all_of(std::begin(steps), std::end(steps), [](const auto& it) { return it != 0; });
  }
  ~Crowd() {
    over.store(true);
    ended.wait();
    for (std::thread& thread : threads) thread.join();
  }
};

void stand_still(const Crowd& crowd) {
  const std::uint64_t before = crowd.all_steps();
  for (int pause = 0; pause < 200; ++pause) gort::base::cpu_pause();
  CHECK(crowd.all_steps() == before);
}

}  // namespace

TEST_CASE("whoever may run user code stands still between halt and release, thousands of times") {
  Crowd crowd;
#if defined(GORT_TEST_EMULATED) || defined(__SANITIZE_THREAD__)
  constexpr int kRounds = 200;
#else
  constexpr int kRounds = 2000;
#endif
  wait_until([&] { return crowd.has_begun(); });
  for (int round = 0; round < kRounds; ++round) {
    auto* world = new StoppedWorld;
    auto* threads = new HaltedThreads(world->token());
    if (round % 8 == 0) stand_still(crowd);
    unsigned halted = 0;
    for (unsigned i = 0; i < threads->count(); ++i) halted += (*threads)[i].halted;
    CHECK(halted >= Crowd::kBlocking);
    for (unsigned i = 1; i < threads->count(); ++i) {
      const StackRange &a = (*threads)[i - 1].stack, &b = (*threads)[i].stack;
      if (a.high - a.low > b.high - b.low) FAIL_CHECK("not shallow first");
    }
    // In turn: released in a stopped world, in one that goes on, by the destructor.
    if (round % 3 == 1) delete world;
    for (unsigned i = 0; round % 3 != 2 && i < threads->count(); ++i) threads->release(i);
    if (round % 3 == 0) delete world;
    delete threads;
    if (round % 3 == 2) delete world;
    if (round % 64 == 0) gort::yield();
  }
}

TEST_CASE("threads come and go while others are halted again and again") {
  std::atomic<bool> over{false};
  std::vector<std::thread> spawners;
  for (int i = 0; i < 2; ++i) {
    spawners.emplace_back([&] {
      while (!over.load()) std::thread([] { gort::yield(); }).join();
    });
  }
  for (int round = 0; round < 300; ++round) {
    count_halted(in_registers);
    if (round % 16 == 0) gort::blocking([] { std::this_thread::yield(); });
  }
  over.store(true);
  for (std::thread& thread : spawners) thread.join();
}

namespace {
std::atomic<int> users_signals{0};
}

TEST_CASE("a handler for the signal of the user's own is called for signals of the user's own") {
  count_halted(in_registers);  // ours is there before
  struct sigaction ours = {};
  struct sigaction users = {};
  users.sa_handler = [](int) { users_signals.fetch_add(1); };
  ::sigaction(SIGURG, &users, &ours);
  std::atomic<int> ready{0}, stop{0}, done{0};
  std::atomic<pthread_t> target{};
  const auto wait = [&] {
    target.store(::pthread_self());
    ready.store(1);
    while (stop.load() == 0) std::this_thread::yield();
  };
  beside_us(wait, ready, stop, done);
  for (int i = 0; i < 100; ++i) count_halted(in_registers);
  CHECK(users_signals.load() == 0);
  ::pthread_kill(target.load(), SIGURG);
  wait_until([] { return users_signals.load() == 1; });
  for (int i = 0; i < 100; ++i) count_halted(in_registers);
  CHECK(users_signals.load() == 1);
  stop.store(1);
  wait_until([&] { return done.load() != 0; });
  ::sigaction(SIGURG, &ours, nullptr);
}
