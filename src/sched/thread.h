// An OS thread as gort sees it: one that runs goroutines, or a foreign one that called in.
//
// The two words at the front are the handshake by which others get at what the thread's processor
// owns without the thread ever paying for an atomic instruction; safepoint.h explains it. A gort
// thread's own stack is where its scheduler loop runs; goroutines are switched to from there and
// among each other.
//
// Threads are never freed, only reused: another thread may look at one at any moment. Runs on: the
// thread itself, but for the fields under the scheduler's lock. Not here: the loop (loop.cc),
// attaching (attach.cc).
#pragma once

#include <sys/types.h>
#include <atomic>
#include <cstdint>
#include <type_traits>

#include "base/thread_front.h"
#include "sched/goroutine.h"
#include "sched/thread_memory.h"

namespace gort::sched {

struct Processor;

enum Attention : std::uint32_t {
  kClaimed = 1,     // somebody works on what we own: wait outside until they have finished
  kLost = 2,        // our processor was taken: queue for another before going on
  kUnattached = 4,  // gort has not seen this thread yet
  kSimulated = 8,   // a simulation chooses who goes on at every entry
};

// Where a halted thread stands (halt.cc). A cycle number that only grows asks, answers and lets go:
// nothing is ever reset, as a thread may be on its way out of one halt when the next one asks.
struct HaltState {
  std::atomic<std::uint32_t> asked{0};     // the halting thread wants it to stop
  std::atomic<std::uint32_t> arrived{0};   // it waits in its handler
  std::atomic<std::uint32_t> released{0};  // futex: it may go on
  // Written before `arrived`.
  const void* registers = nullptr;
  std::uint32_t register_bytes = 0;
  const char* sp = nullptr;
};

// The handshake (safepoint.h) and the heap's cache, which travels with the processor, are in front.
struct alignas(64) Thread : base::ThreadFront {
  constexpr explicit Thread(std::uint32_t initial_attention = 0)
      : base::ThreadFront{.attention = initial_attention} {}

  // --- the thread itself
  Goroutine* current = nullptr;           // never null on an attached thread
  Processor* processor = nullptr;         // also written by those who claim or assign
  void* scheduler_sp = nullptr;           // its loop, saved while a goroutine runs
  Goroutine* picked = nullptr;            // for the loop to run next [G3]
  ExceptionState* exceptions = nullptr;   // the C++ runtime's, of this OS thread
  bool on_scheduler = true;               // running its loop, not a goroutine
  bool spinning = false;                  // counted in scheduler.spinning
  Goroutine* locked_goroutine = nullptr;  // lock_os_thread
  std::atomic<pid_t> tid{0};  // 0: no OS thread uses the record; others may look while one ends
  void* sanitizer_fiber = nullptr;  // TSan's context of the scheduler loop
  void* ended_fiber = nullptr;      // of a goroutine that has ended here
  void* signal_stack = nullptr;     // ours to unmap
  const void* stack_low = nullptr;  // of the OS thread: ASan needs it
  std::size_t stack_bytes = 0;
  void* gc = nullptr;  // the collector's; it stays with the record

  // --- sleeping
  std::atomic<std::uint32_t> wake_word{0};  // 1: woken

  // --- under the scheduler's lock
  Processor* assigned = nullptr;  // given to us while we slept; we attach it when we wake
  Thread* idle_next = nullptr;
  Thread* all_next = nullptr;
  bool started = false;  // has an OS thread
  bool exiting = false;  // its goroutine ended locked: the OS thread ends too
  bool is_idle = false;
  bool without_processor = false;  // counted in scheduler.without_processor

  bool in_goroutine() const { return !on_scheduler; }

  // --- read by others while it changes: what is scanned with this thread (thread_memory.h)
  MemoryRange stack_memory;   // a foreign thread's stack
  bool stack_grows = false;   // it is the process's first; set once, before `bound`
  MemoryRange locals_memory;  // static thread-local storage
  // There is an OS thread, which may have run user code, to be halted when the world is stopped.
  std::atomic<bool> bound{false};
  HaltState halt;

  // --- a foreign thread's stand-in; its sp is where the thread sleeps in the runtime, or null
  Goroutine stand_in;
  heap::Cache* own_cache = nullptr;  // the record's, while no foreign thread uses it
};

static_assert(std::is_base_of_v<base::ThreadFront, Thread> && sizeof(base::ThreadFront) == 16,
              "base/ reads the first words");

extern "C" Thread gort_unattached_thread;

}  // namespace gort::sched
