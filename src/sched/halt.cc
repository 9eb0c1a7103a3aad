// Asking threads to halt, their waiting, and what they leave to be scanned.
//
// The halting thread notes who is where while the world is stopped, asks by a number in the
// thread's record and sends the signal; the handler leaves the registers where the kernel has put
// them, counts itself down, and waits on its record's futex until the number is given back. Nothing
// that the two share is ever reset: the last one out may still be on its way when the next halt
// begins.
//
// Where a stack pointer is not in the stack it should be in (a handler of the user's on the signal
// stack, or fibers of another library), all of the stack that is in memory counts.
//
// ThreadSanitizer's own locks are of the kind that [HT1] warns of, and every instrumented
// instruction may need them: a thread that is hit in the sanitizer declines, and is asked again.
// Runs as halt.h says. Not here: the signal (halt_signal.cc), where threads' memory is
// (thread_memory.cc).
#include "sched/halt.h"

#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstring>

#include "base/assert.h"
#include "base/event.h"
#include "base/os_linux.h"
#include "sched/halt_signal.h"
#include "sched/resume.h"
#if defined(__SANITIZE_THREAD__)
#include <link.h>
#endif

namespace gort::sched {
namespace {

#if defined(__x86_64__)
constexpr std::ptrdiff_t kRedZoneBytes = 128;
#else
constexpr std::ptrdiff_t kRedZoneBytes = 0;
#endif
constexpr std::ptrdiff_t kNearBytes = 16 << 10;  // a handler's frames
constexpr std::int64_t kAskAgainNs = kSanitized ? 1'000'000 : 100'000'000;
constexpr std::int64_t kPatienceNs = 10'000'000'000;

std::atomic<RestartFunction> restart_function{nullptr};
std::atomic<ScanFunction> scan_function{nullptr};

// The halting thread's; one HaltedThreads at a time.
std::uint32_t cycle = 0;
Halted* entries = nullptr;  // a mapping of their own
std::size_t capacity = 0;
bool in_use = false;

std::atomic<std::uint32_t> awaited{0};  // futex: threads that have not arrived

// --- in the handler

GORT_NO_SANITIZE void wait_while(std::atomic<std::uint32_t>& word, std::uint32_t value) {
  ::syscall(SYS_futex, &word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, value, nullptr);
}
GORT_NO_SANITIZE void wake_all(std::atomic<std::uint32_t>& word) {
  ::syscall(SYS_futex, &word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT_MAX);
}

#if defined(__SANITIZE_THREAD__)
std::uintptr_t sanitizer_begin = 0, sanitizer_end = 0;

int note_sanitizer(dl_phdr_info* info, std::size_t, void*) {
  if (std::strstr(info->dlpi_name, "libtsan") == nullptr) return 0;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& header = info->dlpi_phdr[i];
    if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0) continue;
    sanitizer_begin = info->dlpi_addr + header.p_vaddr;
    sanitizer_end = sanitizer_begin + header.p_memsz;
  }
  return 1;
}
void find_sanitizer() {
  if (sanitizer_end == 0) ::dl_iterate_phdr(note_sanitizer, nullptr);
}
GORT_NO_SANITIZE bool is_in_sanitizer(std::uintptr_t pc) {
  return pc >= sanitizer_begin && pc < sanitizer_end;
}
#else
void find_sanitizer() {}
bool is_in_sanitizer(std::uintptr_t) { return false; }
#endif

// The registers are in the kernel's frame, of which the context is the lowest part that matters.
// On a signal stack what lies above it is older frames' there, with registers in them as well; else
// it ends where the interrupted frames begin.
GORT_NO_SANITIZE void note_registers(HaltState& halt, const ucontext_t& context) {
  const char* const begin = reinterpret_cast<const char*>(&context);
#if defined(__x86_64__)
  halt.sp = reinterpret_cast<const char*>(context.uc_mcontext.gregs[REG_RSP]);
#else
  halt.sp = reinterpret_cast<const char*>(context.uc_mcontext.sp);
#endif
  const char* const signal_stack = static_cast<const char*>(context.uc_stack.ss_sp);
  const char* end = signal_stack + context.uc_stack.ss_size;
  if (begin < signal_stack || begin >= end) end = halt.sp - kRedZoneBytes;
  const std::ptrdiff_t bytes = end - begin;
  halt.registers = begin;
  halt.register_bytes = bytes >= static_cast<std::ptrdiff_t>(sizeof context)
                            ? static_cast<std::uint32_t>(bytes)
                            : static_cast<std::uint32_t>(sizeof context);
}

// Where a handler of the user's was stopped, what it interrupted may be in a window, too: it goes
// on where the handler's frame says. Frames are known by the address that handlers return to; where
// that is not on the stack, by an address within a window, which is nothing else's.
GORT_NO_SANITIZE void restart_interrupted(RestartFunction restart, const char* low,
                                          const char* high, [[maybe_unused]] std::uintptr_t back) {
  auto at = (reinterpret_cast<std::uintptr_t>(low) + 7) / 8 * 8;
  const auto end = reinterpret_cast<std::uintptr_t>(high);
#if defined(__x86_64__)
  constexpr std::size_t kToPc = 8 + offsetof(ucontext_t, uc_mcontext.gregs) + REG_RIP * 8;
  for (; at + kToPc + 8 <= end; at += 8) {
    if (*reinterpret_cast<const std::uintptr_t*>(at) != back) continue;
    auto& pc = *reinterpret_cast<std::uintptr_t*>(at + kToPc);
    pc = restart(pc);
  }
#else
  for (; at + 8 <= end; at += 8) {
    auto& word = *reinterpret_cast<std::uintptr_t*>(at);
    const std::uintptr_t begin = restart(word);
    if (begin != word) word = begin;
  }
#endif
}

// On the signal stack, and, where that is cheap, nearby on the thread's or goroutine's.
GORT_NO_SANITIZE void restart_interrupted(RestartFunction restart, const Thread& thread,
                                          const ucontext_t& context) {
  const HaltState& halt = thread.halt;
  const auto* const registers = static_cast<const char*>(halt.registers);
  std::uintptr_t back = 0;
#if defined(__x86_64__)
  back = *(reinterpret_cast<const std::uintptr_t*>(&context) - 1);
  const Stack& stack = thread.current->stack;
  MemoryRange::Bounds whole{stack.low, stack.top};
  if (thread.current->has(kForeign)) whole = thread.stack_memory.get();
  if (whole.contains(halt.sp)) {
    restart_interrupted(restart, halt.sp, std::min(whole.high, halt.sp + kNearBytes), back);
  }
#endif
  restart_interrupted(restart, reinterpret_cast<const char*>(&context + 1),
                      registers + halt.register_bytes, back);
}

// Until the handler returns, which puts the thread's own mask back.
GORT_NO_SANITIZE void block_signals() {
  const std::uint64_t all_but_faults =
      ~(1ull << (SIGSEGV - 1) | 1ull << (SIGBUS - 1) | 1ull << (SIGFPE - 1) | 1ull << (SIGILL - 1) |
        1ull << (SIGTRAP - 1) | 1ull << (SIGSYS - 1));
  ::syscall(SYS_rt_sigprocmask, SIG_BLOCK, &all_but_faults, nullptr, sizeof all_but_faults);
}

// --- in the halting thread

void make_room(std::size_t count) {
  if (count <= capacity) return;
  const std::size_t more = std::max<std::size_t>(2 * count, 64);
  if (entries != nullptr) base::os::unmap(entries, capacity * sizeof(Halted));
  entries = static_cast<Halted*>(base::os::map_or_die(more * sizeof(Halted)));
  capacity = more;
}

StackRange as_stack(MemoryRange::Bounds bounds) { return {bounds.low, bounds.high}; }

// Of a foreign thread's stand-in, the thread's.
MemoryRange::Bounds whole_stack(const Goroutine& goroutine) {
  if (goroutine.has(kForeign)) return goroutine.locked_thread->stack_memory.get();
  return {goroutine.stack.low, first_frame(goroutine.stack)};
}
bool may_grow(const Goroutine& goroutine) {
  return goroutine.has(kForeign) && goroutine.locked_thread->stack_grows;
}

// Where a thread stands that cannot run on: it sleeps, is the caller, or is about to be halted.
Halted entry_of(Thread* thread, const Thread* self) {
  Halted entry;
  entry.thread = thread;
  entry.thread_locals = as_stack(thread->locals_memory.get());
  if (thread == self) return entry;
  if (thread->stand_in.status.load(std::memory_order_relaxed) != Status::free) {
    entry.goroutine = &thread->stand_in;
    entry.halted = thread->stand_in.sp == nullptr;
    if (!entry.halted) entry.stack = parked_stack(&thread->stand_in);
  } else if (thread->in_goroutine()) {
    entry.goroutine = thread->current;
    entry.halted = true;
  }
  return entry;
}

// It ended without a word to us: nothing of it is there any more.
void forget(Halted& entry) {
  HaltState& halt = entry.thread->halt;
  halt.released.store(halt.asked.load(std::memory_order_relaxed), std::memory_order_release);
  Halted nothing;
  nothing.thread = entry.thread;
  entry = nothing;
  awaited.fetch_sub(1, std::memory_order_acq_rel);
}

bool has_arrived(const Halted& entry) {
  return entry.thread->halt.arrived.load(std::memory_order_acquire) == cycle;
}

void ask_all(unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    if (!entries[i].halted) continue;
    entries[i].thread->halt.asked.store(cycle, std::memory_order_release);
    if (!send_signal(entries[i].thread->tid.load(std::memory_order_relaxed))) forget(entries[i]);
  }
}

// A thread may decline, or end without running a destructor: ask again those that have not come.
void wait_for_all(unsigned count) {
  const std::int64_t begun_ns = base::now_ns();
  bool complained = false;
  base::Backoff backoff;
  for (int i = 0; i < 16 && awaited.load(std::memory_order_acquire) != 0; ++i) backoff.step();
  while (const std::uint32_t left = awaited.load(std::memory_order_acquire)) {
    const std::int64_t now_ns = base::now_ns();
    base::sleep_on(awaited, left, now_ns + kAskAgainNs);
    if (base::now_ns() < now_ns + kAskAgainNs) continue;
    for (unsigned i = 0; i < count; ++i) {
      if (!entries[i].halted || has_arrived(entries[i])) continue;
      const pid_t tid = entries[i].thread->tid.load(std::memory_order_relaxed);
      claim_signal();  // somebody may have put a handler over ours since
      if (!send_signal(tid)) {
        forget(entries[i]);
      } else if (!complained && now_ns - begun_ns > kPatienceNs) {
        complained = true;
        base::write_stderr("gort: the collector waits for thread %d: does it block SIGURG?\n", tid);
      }
    }
  }
}

StackRange halted_stack(const Halted& entry) {
  const char* const sp = entry.thread->halt.sp;
  const MemoryRange::Bounds whole = whole_stack(*entry.goroutine);
  const bool grows = may_grow(*entry.goroutine);
  // A frame may have been made below the end, and not been touched yet.
  if (!grows && sp < whole.low && sp >= whole.low - kGuardBytes) return as_stack(whole);
  StackRange used = as_stack(stack_in_use(whole, sp, grows));
  if (used.low == sp)
    used.low = grows ? sp - kRedZoneBytes : std::max(whole.low, sp - kRedZoneBytes);
  return used;
}

std::ptrdiff_t depth(const Halted& entry) { return entry.stack.high - entry.stack.low; }

}  // namespace

GORT_NO_SANITIZE void halt_if_asked(void* machine_context) {
  HaltState& halt = base::current_thread()->halt;
  const std::uint32_t asked = halt.asked.load(std::memory_order_acquire);
  if (asked == halt.released.load(std::memory_order_relaxed)) return;
  auto& context = *static_cast<ucontext_t*>(machine_context);
#if defined(__x86_64__)
  auto& pc = context.uc_mcontext.gregs[REG_RIP];
#else
  auto& pc = context.uc_mcontext.pc;
#endif
  if (is_in_sanitizer(static_cast<std::uintptr_t>(pc))) return;
  block_signals();
  const RestartFunction restart = restart_function.load(std::memory_order_relaxed);
  if (restart != nullptr) {
    using Register = std::remove_reference_t<decltype(pc)>;
    pc = static_cast<Register>(restart(static_cast<std::uintptr_t>(pc)));  // [HT3]
  }
  note_registers(halt, context);
  if (restart != nullptr) restart_interrupted(restart, *base::current_thread(), context);
  halt.arrived.store(asked, std::memory_order_release);
  if (awaited.fetch_sub(1, std::memory_order_acq_rel) == 1) wake_all(awaited);
  std::uint32_t released;
  while ((released = halt.released.load(std::memory_order_acquire)) != asked) {
    wait_while(halt.released, released);
  }
}

void set_restart(RestartFunction restart) {
  restart_function.store(restart, std::memory_order_relaxed);
}

HaltedThreads::HaltedThreads(const WorldStopped&) {
  GORT_CHECK(!in_use && base::simulated() == nullptr);
  in_use = true;
  claim_signal();
  find_sanitizer();
  // Threads that are added from here on have no OS thread yet, or are held outside [HT2].
  Thread* const first = scheduler.all_threads.load(std::memory_order_acquire);
  std::size_t threads = 0;
  for (Thread* it = first; it != nullptr; it = it->all_next) ++threads;
  make_room(threads);
  const Thread* const self = base::current_thread();
  std::uint32_t to_come = 0;
  for (Thread* it = first; it != nullptr; it = it->all_next) {
    if (!it->bound.load(std::memory_order_acquire)) continue;
    entries[count_] = entry_of(it, self);
    to_come += entries[count_].halted;
    ++count_;
  }
  ++cycle;
  awaited.store(to_come, std::memory_order_release);
  ask_all(count_);
  wait_for_all(count_);
  for (unsigned i = 0; i < count_; ++i) {
    Halted& entry = entries[i];
    if (!entry.halted) continue;
    entry.registers = entry.thread->halt.registers;
    entry.register_bytes = entry.thread->halt.register_bytes;
    entry.stack = halted_stack(entry);
  }
  std::sort(entries, entries + count_,
            [](const Halted& a, const Halted& b) { return depth(a) < depth(b); });
}

HaltedThreads::~HaltedThreads() {
  for (unsigned i = 0; i < count_; ++i) release(i);
  in_use = false;
}

const Halted& HaltedThreads::operator[](unsigned i) const { return entries[i]; }

void HaltedThreads::release(unsigned i) {
  if (!entries[i].halted) return;
  HaltState& halt = entries[i].thread->halt;
  if (halt.released.load(std::memory_order_relaxed) == cycle) return;
  halt.released.store(cycle, std::memory_order_release);
  wake_all(halt.released);
}

// --- before it runs

void set_scanner(ScanFunction scan) { scan_function.store(scan, std::memory_order_release); }

void scan_if_unscanned(Goroutine* goroutine) {
  const std::uint32_t epoch = scan_epoch.load(std::memory_order_relaxed);
  if (goroutine->scanned.load(std::memory_order_acquire) == epoch) return;
  scan_function.load(std::memory_order_acquire)(goroutine);
}

StackRange parked_stack(const Goroutine* goroutine) {
  const char* const sp = static_cast<const char*>(goroutine->sp);
  if (sp == nullptr || goroutine->saving.load(std::memory_order_acquire) != 0) return {};
  return as_stack(stack_in_use(whole_stack(*goroutine), sp, may_grow(*goroutine)));
}

}  // namespace gort::sched
