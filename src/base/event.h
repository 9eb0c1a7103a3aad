// Where an OS thread waits: sleeping, waking, spinning and the clock, all replaceable by a
// simulation.
//
// The scheduler is tested by running N processors on one OS thread with every choice drawn from a
// seed (sched/simulate.cc). For that, every place where a thread could wait for another goes
// through this header: with a simulation installed the wait becomes a switch to another simulated
// thread. Without one, each function costs one predictable test of a pointer, on slow paths only.
// Runs on any thread. Not here: where goroutines wait (sched/park.cc).
#pragma once

#include <atomic>
#include <cstdint>

namespace gort::base {

// What a simulation answers instead of the kernel. Set once, before any thread starts.
struct Simulation {
  virtual void relax() = 0;  // a spin-wait's step
  virtual void sleep(std::atomic<std::uint32_t>& word, std::uint32_t expected,
                     std::int64_t deadline_ns) = 0;                    // futex wait
  virtual void wake(std::atomic<std::uint32_t>& word, int count) = 0;  // futex wake
  virtual std::int64_t now_ns() = 0;
  virtual int start_thread(void* (*entry)(void*), void* argument) = 0;

 protected:
  ~Simulation() = default;
};
extern std::atomic<Simulation*> simulation;
inline Simulation* simulated() { return simulation.load(std::memory_order_relaxed); }

constexpr std::int64_t kNever = INT64_MAX;

// Nanoseconds on the monotonic clock.
std::int64_t now_ns();

// Sleeps while `word` is `expected`, until woken or `deadline_ns` on the monotonic clock; may
// return early for no reason, so callers loop.
void sleep_on(std::atomic<std::uint32_t>& word, std::uint32_t expected,
              std::int64_t deadline_ns = kNever);
void wake(std::atomic<std::uint32_t>& word, int count = 1);

inline void cpu_pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  asm volatile("yield" ::: "memory");
#endif
}

// Starts a detached OS thread; 0 or the error number.
int start_thread(void* (*entry)(void*), void* argument);

// A pause in a loop that watches others; a simulation lets them go on.
inline void relax() {
  if (simulated() != nullptr) [[unlikely]]
    return simulated()->relax();
  cpu_pause();
}

// A place where another thread may overtake us. Says so to a simulation, in builds with assertions
// only.
inline void interleave() {
#ifdef GORT_ASSERTIONS
  if (simulated() != nullptr) [[unlikely]]
    simulated()->relax();
#endif
}

// One step of waiting for another thread that is expected to be quick: a pause, soon a yield to the
// operating system, at last a nap, since the other thread may have lost its CPU.
class Backoff {
 public:
  void step();

 private:
  unsigned steps_ = 0;
};

// A one-shot gate between OS threads.
class Event {
 public:
  void set() {
    word_.store(1, std::memory_order_release);
    wake(word_, INT32_MAX);
  }
  void wait() {
    while (word_.load(std::memory_order_acquire) == 0) sleep_on(word_, 0);
  }
  bool is_set() const { return word_.load(std::memory_order_acquire) != 0; }
  void reset() { word_.store(0, std::memory_order_relaxed); }

 private:
  std::atomic<std::uint32_t> word_{0};
};

}  // namespace gort::base
