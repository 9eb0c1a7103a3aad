// What the tests of halting share: a value to look for, the looking, and waiting.
//
// The value is made from its complement, so that looking for it does not leave it where it is
// looked for. Not here: the tests (halt_test.cc, halt_scan_test.cc).
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

#include "base/os_linux.h"
#include "gort/chan.hpp"
#include "gort/go.hpp"
#include "sched/halt.h"
#include "sched/sanitizer.h"
#include "sched/sched.h"

namespace gort_test {

using namespace gort::sched;

inline constexpr std::uint64_t kHidden =
    0x1122334455667788;  // what is looked for is its complement

GORT_NO_SANITIZE inline bool holds(const void* low, const void* high) {
  const auto end = reinterpret_cast<std::uintptr_t>(high);
  for (auto at = (reinterpret_cast<std::uintptr_t>(low) + 7) / 8 * 8; at + 8 <= end; at += 8) {
    if (~*reinterpret_cast<const volatile std::uint64_t*>(at) == kHidden) return true;
  }
  return false;
}
inline bool in_registers(const Halted& it) {
  const auto* registers = static_cast<const char*>(it.registers);
  return it.registers != nullptr && holds(registers, registers + it.register_bytes);
}
inline bool on_stack(const Halted& it) { return holds(it.stack.low, it.stack.high); }
inline bool in_locals(const Halted& it) {
  return holds(it.thread_locals.low, it.thread_locals.high);
}

// How many of all threads have it where `where` looks.
template <class Where>
int count_halted(Where where) {
  StoppedWorld world;
  HaltedThreads threads(world.token());
  int found = 0;
  for (unsigned i = 0; i < threads.count(); ++i) found += where(threads[i]);
  return found;
}

// Gives the CPU to others as well as the processor: they may be on threads of their own.
template <class Condition>
void wait_until(Condition condition) {
  while (!condition()) {
    gort::yield();
    gort::base::os::give_way();
  }
}

// blocking(f): it has a thread of its own also where there is one processor.
template <class F>
void beside_us(F f, std::atomic<int>& ready, std::atomic<int>& stop, std::atomic<int>& done) {
  ready.store(0);
  stop.store(0);
  gort::go([&, f] {
    gort::blocking(f);
    done.store(1);
  });
  wait_until([&] { return ready.load() != 0; });
}

// A thread that is attached and keeps the value on its stack, parked, until it is woken.
class ParkedThread {
 public:
  ParkedThread() : thread_([this] { keep(); }) {
    wait_until([this] { return parking_.load(); });
  }
  ParkedThread(const ParkedThread&) = delete;
  ParkedThread& operator=(const ParkedThread&) = delete;
  ~ParkedThread() { thread_.join(); }

  void wake() { wakes_.send(1); }

 private:
  void keep() {
    { Section attached; }
    [[maybe_unused]] volatile std::uint64_t kept = ~kHidden;
    parking_.store(true);
    wakes_.recv();
    kept = 0;
  }

  gort::chan<int> wakes_ = gort::make<gort::chan<int>>();
  std::atomic<bool> parking_{false};
  std::thread thread_;
};

}  // namespace gort_test
