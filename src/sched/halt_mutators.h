// Many kinds of user code, for one that plays collector and halts them in the middle of it.
//
// Each mutator keeps a mark of its own in its innermost frame, counts its steps, and asks at each
// step whether it was scanned in this cycle. Some store, between a test and the store, what must
// not be stored late. They run until `over`.
// Not here: the attack (halt_attack_test.cc).
#pragma once

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/event.h"
#include "gort/chan.hpp"
#include "gort/runtime.hpp"
#include "gort/sync.hpp"
#include "gort/time.hpp"
#include "sched/halt_fixture.h"

namespace gort_test {

#if defined(GORT_TEST_EMULATED) || defined(__SANITIZE_THREAD__)
inline constexpr std::uint32_t kRounds = 60;
#else
inline constexpr std::uint32_t kRounds = 120;
#endif
inline constexpr unsigned kMost = 64;

struct alignas(64) Mutator {
  std::atomic<Goroutine*> goroutine{nullptr};  // while its mark is in its frame
  std::atomic<std::uint64_t> steps{0};
  std::uint64_t at_halt = 0;
};
inline Mutator mutators[kMost];
inline std::atomic<bool> over{false};
inline std::atomic<int> ran_unscanned{0}, lost_marks{0}, marks_seen{0};

[[gnu::noinline]] inline Goroutine* running() { return gort::base::current_thread()->current; }

GORT_NO_SANITIZE inline std::uint64_t mark_of(const Goroutine* goroutine) {
  return (reinterpret_cast<std::uintptr_t>(goroutine) ^ kHidden) * 0x9e3779b97f4a7c15;
}

// Whoever runs in a cycle was scanned in it; a cycle may end, or the next begin, between any two of
// these.
inline void check_scanned() {
  const std::uint32_t epoch = scan_epoch.load();
  const std::uint32_t scanned = running()->scanned.load();
  if (epoch != 0 && scanned != epoch && scan_epoch.load() == epoch) ran_unscanned.fetch_add(1);
}

class Present {
 public:
  explicit Present(Mutator& self) : self_(self) {
    mark_ = mark_of(running());
    self_.goroutine.store(running());
  }
  ~Present() {
    self_.goroutine.store(nullptr);
    mark_ = 0;
  }
  void step() const {
    check_scanned();
    self_.steps.fetch_add(1, std::memory_order_relaxed);
  }
  void steps(int count) const {
    while (count-- > 0) step();
  }

 private:
  Mutator& self_;
  volatile std::uint64_t mark_;
};

// --- the collector's part

GORT_NO_SANITIZE inline bool is_marked(const StackRange& stack, std::uint64_t mark) {
  for (auto at = reinterpret_cast<std::uintptr_t>(stack.low) / 8 * 8;
       at + 8 <= reinterpret_cast<std::uintptr_t>(stack.high); at += 8) {
    if (*reinterpret_cast<const volatile std::uint64_t*>(at) == mark) return true;
  }
  return false;
}

inline void look_for_mark(const Goroutine* goroutine, const StackRange& stack) {
  for (const Mutator& it : mutators) {
    if (it.goroutine.load() != goroutine) continue;
    (is_marked(stack, mark_of(goroutine)) ? marks_seen : lost_marks).fetch_add(1);
  }
}

// Whoever makes it odd scans; the others wait.
inline void scan_once(Goroutine* goroutine) {
  const std::uint32_t epoch = scan_epoch.load();
  gort::base::Backoff backoff;
  for (std::uint32_t seen = goroutine->scanned.load(); seen != epoch;
       seen = goroutine->scanned.load()) {
    if (seen == epoch - 1) {
      backoff.step();
    } else if (goroutine->scanned.compare_exchange_strong(seen, epoch - 1)) {
      look_for_mark(goroutine, parked_stack(goroutine));
      goroutine->scanned.store(epoch);
      return;
    }
  }
}

// --- a store that must not be late: what is stored was read from `current_round` after the flip

inline std::atomic<std::uint32_t> current_round{0};
inline std::atomic<int> late_stores{0};
struct alignas(64) Slot {
  std::atomic<std::uint32_t> value{0};
};
inline Slot slots[2];

extern "C" const char gort_test_store_begin[], gort_test_store_end[];

GORT_NO_SANITIZE inline std::uintptr_t restart_store(std::uintptr_t pc) {
  const auto begin = reinterpret_cast<std::uintptr_t>(gort_test_store_begin);
  return pc > begin && pc < reinterpret_cast<std::uintptr_t>(gort_test_store_end) ? begin : pc;
}

[[gnu::noinline]] GORT_NO_SANITIZE inline void store_round(std::atomic<std::uint32_t>* slot) {
#if defined(__x86_64__)
  asm volatile(
      ".globl gort_test_store_begin, gort_test_store_end\n"
      "gort_test_store_begin:\n\t"
      "movl (%[round]), %%eax\n\t"
      "pause\n\tpause\n\tpause\n\tpause\n\tpause\n\tpause\n\t"
      "movl %%eax, (%[slot])\n"
      "gort_test_store_end:"
      :
      : [round] "r"(&current_round), [slot] "r"(slot)
      : "eax", "memory");
#else
  asm volatile(
      ".globl gort_test_store_begin, gort_test_store_end\n"
      "gort_test_store_begin:\n\t"
      "ldr w9, [%[round]]\n\t"
      "yield\n\tyield\n\tyield\n\tyield\n\tyield\n\tyield\n\t"
      "str w9, [%[slot]]\n"
      "gort_test_store_end:"
      :
      : [round] "r"(&current_round), [slot] "r"(slot)
      : "x9", "memory");
#endif
}

inline void begin_round(std::uint32_t round) {
  for (Slot& slot : slots) slot.value.store(round);
  current_round.store(round);
}

// The flip sets both: so a slot behind the round was written after it with what was read before.
inline void store_rounds(std::atomic<std::uint32_t>& slot) {
  for (int i = 0; i < 100; ++i) {
    store_round(&slot);
    const std::uint32_t round = current_round.load();
    if (slot.load() < round) late_stores.fetch_add(1);
  }
}

// --- the mutators

using Body = void (*)(Mutator& self);

[[gnu::noinline]] inline void compute(Mutator& self) {
  const Present present(self);
  while (!over.load()) present.step();
}
// A CPU is left to others now and then, as the attacker needs one.
inline void pause(std::uint32_t round) {
  if (round % 64 == 0) ::usleep(100);
}
[[gnu::noinline]] inline void compute_and_yield(Mutator& self) {
  const Present present(self);
  for (std::uint32_t i = 0; !over.load(); ++i) {
    present.steps(500);
    gort::yield();
    pause(i);
  }
}
[[gnu::noinline]] inline void block(Mutator& self) {
  gort::blocking([&] { compute(self); });
}
[[gnu::noinline]] inline void block_shortly(Mutator& self) {
  const Present present(self);
  while (!over.load()) {
    gort::blocking([&] { present.steps(100); });
    present.step();
  }
}
[[gnu::noinline]] inline void nap(Mutator& self) {
  const Present present(self);
  while (!over.load()) {
    gort::blocking([] { ::usleep(50); });
    present.step();
    gort::sleep(std::chrono::microseconds(50));
    present.step();
  }
}
[[gnu::noinline]] inline void store(Mutator& self) {
  gort::blocking([&] {
    const Present present(self);
    while (!over.load()) {
      store_rounds(slots[0].value);
      present.step();
      pause(0);
    }
  });
}
[[gnu::noinline]] inline void store_on_thread(Mutator& self) {
  const Present present(self);
  while (!over.load()) {
    store_rounds(slots[1].value);
    present.step();
    gort::yield();
    pause(0);
  }
}
[[gnu::noinline]] inline void use_malloc(Mutator& self) {
  const Present present(self);
  std::vector<std::string> kept(64);
  for (std::uint32_t i = 0; !over.load(); ++i) {
    kept[i % 64] = std::string(i % 2000, 'x');
    present.step();
    if (i % 256 == 0) gort::yield();
    pause(i / 4);
  }
}
[[gnu::noinline]] inline void throw_and_catch(Mutator& self) {
  const Present present(self);
  for (std::uint32_t i = 0; !over.load(); ++i) {
    pause(i);
    try {
      throw std::runtime_error("thrown");
    } catch (const std::runtime_error& error) {
      present.step();
      gort::yield();
      if (error.what() != std::string("thrown")) lost_marks.fetch_add(1);
    }
    present.step();
  }
}
[[gnu::noinline]] inline void start_others(Mutator& self) {
  const Present present(self);
  while (!over.load()) {
    gort::wait_group others;
    for (int i = 0; i < 8; ++i) {
      others.go(check_scanned);
    }
    others.wait();
    present.step();
  }
}
[[gnu::noinline]] inline void locked(Mutator& self) {
  gort::lock_os_thread();
  compute_and_yield(self);
  gort::unlock_os_thread();
}
// Never lets the signal through.
[[gnu::noinline]] inline void compute_blocking_signals(Mutator& self) {
  sigset_t all, before;
  sigfillset(&all);
  { Section attached; }
  ::pthread_sigmask(SIG_BLOCK, &all, &before);
  compute_and_yield(self);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

struct Pair {
  gort::chan<int> to = gort::make<gort::chan<int>>(), back = gort::make<gort::chan<int>>(1);
};
[[gnu::noinline]] inline void serve(const Pair& pair, Mutator& self) {
  const Present present(self);
  while (!over.load()) {
    pair.to.send(1);
    present.step();
    pair.back.recv();
    present.step();
  }
  pair.to.close();
}
[[gnu::noinline]] inline void answer(const Pair& pair, Mutator& self) {
  const Present present(self);
  while (pair.to.recv()) {
    present.step();
    pair.back.send(1);
    present.step();
  }
}

inline std::atomic<int> handled{0};
[[gnu::noinline]] inline void handle(int) {
  for (int i = 0; i < 20000; ++i) handled.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace gort_test
