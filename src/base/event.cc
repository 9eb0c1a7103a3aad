// Futexes, the clock and the spin-wait, with the simulation's answer where one is installed.
//
// Deadlines are absolute on CLOCK_MONOTONIC, so a spurious return never lengthens a sleep. Runs on
// any thread; blocks the OS thread, never parks a goroutine. Not here: who sleeps (sched/idle.cc).
#include "base/event.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/os_linux.h"

namespace gort::base {

std::atomic<Simulation*> simulation;

std::int64_t now_ns() {
  if (simulated() != nullptr) [[unlikely]]
    return simulated()->now_ns();
  return os::monotonic_ns();
}

void sleep_on(std::atomic<std::uint32_t>& word, std::uint32_t expected, std::int64_t deadline_ns) {
  if (simulated() != nullptr) [[unlikely]]
    return simulated()->sleep(word, expected, deadline_ns);
  timespec deadline;
  timespec* until = nullptr;
  if (deadline_ns != kNever) {
    deadline = {deadline_ns / 1'000'000'000, deadline_ns % 1'000'000'000};
    until = &deadline;
  }
  ::syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word),
            FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected, until, nullptr,
            FUTEX_BITSET_MATCH_ANY);
}

void wake(std::atomic<std::uint32_t>& word, int count) {
  if (simulated() != nullptr) [[unlikely]]
    return simulated()->wake(word, count);
  ::syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), FUTEX_WAKE | FUTEX_PRIVATE_FLAG,
            count, nullptr, nullptr, 0);
}

int start_thread(void* (*entry)(void*), void* argument) {
  if (simulated() != nullptr) [[unlikely]]
    return simulated()->start_thread(entry, argument);
  return os::start_thread(entry, argument);
}

void Backoff::step() {
  if (simulated() != nullptr) [[unlikely]]
    return simulated()->relax();
  ++steps_;
  if (steps_ < 24) {
    // Doubling, to 1 or 2 us: who asks all the time keeps taking the cache line from the holder,
    // and two threads get less done than one; who stays away lets it do many rounds at full speed.
    for (unsigned pauses = 1u << (steps_ < 7 ? steps_ : 7); pauses > 0; --pauses) cpu_pause();
  } else if (steps_ < 40) {
    os::give_way();
  } else {
    os::nap(50'000);  // the other thread lost its CPU: spinning would only keep it from one
  }
}

}  // namespace gort::base
