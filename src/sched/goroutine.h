// A goroutine's record, and the states it goes through.
//
// The record is all there is of a goroutine that has not run: 192 bytes with its closure inside, so
// a million queued goroutines cost 192 MB and no stack. It sits in its own dense slab, not in the
// stack, because a scheduler walking a queue would otherwise touch one page per goroutine. The
// first cache line is what a switch needs, the second what creation, death and dumps need, the
// third the closure.
//
//                      go(): spawn.cc
//                           |
//                           v    loop.cc, resume.h
//            .-------->  runnable  -------->  running ---.------------.
//            |              ^                    |        |            | exit (loop.cc)
//      ready (park.cc)      |   yield, lost      |        |            v
//            |              '--- processor ------'        |           dead ---> pool
//            |                                            | blocking(f) (syscall.cc)
//            '-----------  waiting  <---- park ----       '--> blocking (on its own thread)
//
// [G1] A goroutine is in at most one place: running on one thread, one queue, or waiting (held by
//      whatever will ready it).
// [G2] A goroutine is resumed only after its registers are saved: `saving` is set while it runs and
//      cleared by whoever runs next on that thread; resume waits for it. Therefore any lock may be
//      released before park, and a wake-up may come at any moment after.
// [G3] That wait is the scheduler loop's, never a goroutine's that has not been saved itself: two
//      such goroutines, each picked by the other's thread, would wait for each other.
//
// A foreign thread (not made by gort) that waits is represented by a record too, with kForeign set:
// then ready wakes its OS thread instead of queueing it.
// Not here: which thread runs it (thread.h), its stack's memory (stack.h).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "gort/detail/runtime_core.hpp"
#include "sched/wait_reason.h"

namespace gort::sched {

struct Thread;

enum class Status : std::uint8_t { free, runnable, running, waiting, blocking };

enum GoroutineFlags : std::uint8_t {
  kForeign = 1,     // stands for an OS thread that gort did not make
  kLocked = 2,      // lock_os_thread: runs on locked_thread only
  kExceptions = 4,  // has exceptions in flight saved in its record
  kMain = 8,        // the goroutine of run()
  kAbandoned = 16,  // run() has returned: never to be resumed
  kOwnLimit = 32,   // stack_limit is not the default: its window is chosen for it
  kSystem = 64,     // the runtime's own: not counted, shown only by GOTRACEBACK=system
  kUnscanned = 128  // the collector's own: what looks like a reference on its stack is none
};

// The C++ runtime's per-thread exception state; it belongs to the goroutine (switch.h).
struct ExceptionState {
  void* caught = nullptr;
  unsigned int uncaught = 0;
};

// A stack's memory. `top` is exclusive and 0 while there is none.
struct Stack {
  char* top = nullptr;
  char* low = nullptr;  // lowest usable address now; growth in place lowers it
};

inline constexpr std::size_t kInlineClosureBytes = detail::kInlineClosureBytes;

struct alignas(64) Goroutine {
  // --- set by switches; owner: the thread that runs it, then whoever resumes it
  void* sp = nullptr;                                     // null until it first runs
  std::atomic<std::uint32_t> saving{0};                   // [G2]
  std::atomic<Status> status{Status::free};               // for dumps and assertions
  std::atomic<WaitReason> wait_reason{WaitReason::none};  // why it last parked
  std::atomic<std::uint8_t> flags{0};
  std::uint8_t lock_depth = 0;               // nested lock_os_thread calls
  Goroutine* next = nullptr;                 // free lists, chains handed between queues
  ExceptionState exceptions;                 // valid while kExceptions
  Thread* locked_thread = nullptr;           // kForeign: the thread that it stands for
  std::atomic<std::uint32_t> wake_token{0};  // kForeign: the futex it sleeps on
  std::uint32_t wait_since_ms = 0;           // coarse clock when it parked
  std::atomic<std::uint32_t> scanned{0};     // the collector's: in which cycle (halt.h)

  // --- set at creation
  alignas(64) Stack stack;
  std::uint64_t id = 0;
  detail::closure_entry entry =
      nullptr;  // runs and destroys the closure; also names the spawn site
  std::uint64_t creator_id = 0;
  void* creator_pc = nullptr;     // the go statement
  std::string* name = nullptr;    // goroutine_options, else null
  struct Extra* extra = nullptr;  // goroutine_local values, stack limit, sanitizer state

  alignas(64) std::byte closure[kInlineClosureBytes] = {};

  bool has(std::uint8_t flag) const { return (flags.load(std::memory_order_relaxed) & flag) != 0; }
  void set(std::uint8_t flag) {
    flags.store(static_cast<std::uint8_t>(flags.load(std::memory_order_relaxed) | flag),
                std::memory_order_relaxed);
  }
  void clear(std::uint8_t flag) {
    flags.store(static_cast<std::uint8_t>(flags.load(std::memory_order_relaxed) & ~flag),
                std::memory_order_relaxed);
  }
};

// What few goroutines need, made on demand.
struct Extra {
  std::size_t stack_limit = 0;  // 0: the default
  void* locals = nullptr;       // goroutine_local values (locals.cc)
  void (*destroy_locals)(void*) = nullptr;
  void* sanitizer_fiber = nullptr;  // TSan builds only
};

static_assert(sizeof(Goroutine) == 192, "a queued goroutine costs three cache lines");
static_assert(offsetof(Goroutine, stack) == 64, "a switch touches one cache line of the record");

}  // namespace gort::sched
