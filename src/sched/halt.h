// Stopping threads in the middle of user code, and the stacks of those that run: the side door for
// the collector beside world.h.
//
// A stopped world (world.h) keeps threads out of the runtime while user code goes on. A collection
// needs one instant at which no user code runs either: every thread that may be running it gets a
// signal, whose handler says where it was stopped and waits. Threads that sleep in the runtime need
// no signal: they are held there by the stopped world, and their registers are on their stacks.
//
// [HT1] Between halt_threads and a thread's release, no code but the halting thread's and handlers
//      run: so the halting thread must not need any lock that user code may hold (malloc's,
//      stdio's, the dynamic linker's). The runtime's own locks are held inside sections, or by
//      threads that are never halted, which then wait for no lock of the user's. Once it has let
//      the world go on it must not enter a section, either, until the last is released: it could
//      lose its processor and wait behind them.
// [HT2] A thread is either halted in user code (its handler waits) or outside of it until the world
//      goes on; there is no third kind. Threads that attach meanwhile wait in enter_slow.
// [HT3] A handler may move the thread's program counter (set_restart) before anyone may rely on the
//      halt: then the thread was stopped where it goes on. So also under a handler of the
//      user's that was stopped: if it is on the signal stack (SA_ONSTACK), and on x86-64 elsewhere.
// [HT4] A goroutine that is not running, and whose `scanned` was not this cycle's since the flip,
//      has its registers saved and stays as it is until the scanner has been called for it.
//
// The signal is SIGURG, as Go's: ignored by default, and a user's own handler for it goes on
// working (halt_signal.h). System calls that the kernel does not restart after any handler (sleeps,
// polls) return EINTR when they are hit. Attaching unblocks the signal. A thread that has blocked
// it since is halted when it unblocks it or enters the runtime, and till then all others wait;
// after ten seconds a line on stderr names it. Runs on: the halting thread, and each halted thread
// in its handler on its signal stack. Not here: what is done with the stacks (gc/stacks.cc), which
// windows restart (gc/restart.cc).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "sched/world.h"

namespace gort::sched {

// What of a thread's or goroutine's memory may hold references: from the red zone or the saved
// registers up to the stack's top.
struct StackRange {
  const char* low = nullptr;
  const char* high = nullptr;
};

// One thread that was stopped, or that sleeps in the runtime on a stack of its own.
struct Halted {
  Thread* thread = nullptr;
  Goroutine* goroutine = nullptr;  // running on it; a foreign thread's stand-in; null: none
  StackRange stack;                // of user frames; empty if it runs none
  // General and vector registers at the halt; null: on the stack. Where the thread was in a handler
  // of the user's, its frames and what it interrupted as well.
  const void* registers = nullptr;
  std::uint32_t register_bytes = 0;
  StackRange thread_locals;  // its static thread-local storage
  // By the signal: it stays when the world goes on, until it is released. Others may run again as
  // soon as the world goes on, foreign ones that are parked here after the scanner was called for
  // them: so scan the thread_locals of those that are not halted before that.
  bool halted = false;
};

// The handler asks where the thread should go on, given where it was stopped; async-signal-safe.
using RestartFunction = std::uintptr_t (*)(std::uintptr_t pc);
void set_restart(RestartFunction restart);

// Halts every attached thread but the caller for the object's lifetime, or until released one by
// one. One object at a time; the caller's own thread is among the entries for its thread_locals.
class HaltedThreads {
 public:
  explicit HaltedThreads(const WorldStopped& world);
  ~HaltedThreads();  // releases who has not been
  HaltedThreads(const HaltedThreads&) = delete;
  HaltedThreads& operator=(const HaltedThreads&) = delete;

  // Thread records cannot go away while the world is stopped or they are halted; the order is by
  // depth of stack, shallow first.
  unsigned count() const { return count_; }
  const Halted& operator[](unsigned i) const;
  // Lets one go on; nothing for one that is not halted. The world may have been let on before: a
  // halted thread stays.
  void release(unsigned i);

 private:
  unsigned count_ = 0;
};

// --- before it runs
// While not 0: a goroutine, or a foreign thread that wakes, whose `scanned` is not this is given to
// the scanner before it runs user code, by the thread that will run it, inside a section; and one
// that is started, before anybody can run it. Written with the world stopped.
inline constexpr std::atomic<std::uint32_t>& scan_epoch = scheduler.scan_epoch;
// Must not park nor leave. When it returns, the goroutine runs. Markers may want the same goroutine
// at the same time; a marker that has claimed it finishes within one section, or without any: the
// scanner waits for it in one, and the world cannot be stopped meanwhile.
using ScanFunction = void (*)(Goroutine* goroutine);
void set_scanner(ScanFunction scan);

// The stack of a goroutine that is not running (or of a foreign thread parked in the runtime),
// which cannot begin to run meanwhile: the caller has claimed its scan [HT4]. Empty if it has none
// yet.
StackRange parked_stack(const Goroutine* goroutine);

// Is `address` in a stack or the static thread-local storage of a goroutine or attached thread: in
// memory that is scanned with them? Any thread, also in a signal handler; takes no lock.
bool is_in_scanned_stack(const void* address);

}  // namespace gort::sched
