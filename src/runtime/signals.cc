// Faults: a stack that wants to grow, a goroutine's mistake, or somebody else's business.
//
// In this order: the guard of the goroutine's own stack means that it grows and the instruction
// runs again; a fault of a goroutine is reported with Go's texts and ends the process; any other (a
// foreign thread's, a scheduler stack's) goes to whoever handled the signal before, as do a
// goroutine's when there was somebody, such as a sanitizer or a crash reporter. Faults are not
// turned into exceptions: the compiler assumes that a load does not throw, so unwinding from one
// would skip destructors.
//
// A handler runs on the thread's alternate stack, since a goroutine that overflows has none left;
// the report moves on from there to one of its own. Runs in signal context: nothing here allocates
// or locks before the process is known to die. Not here: growth itself (sched/stack_grow.cc), other
// signals.
#include "runtime/signals.h"

#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <cerrno>

#include "base/assert.h"
#include "base/this_thread.h"
#include "runtime/death.h"
#include "runtime/dump.h"
#include "runtime/goroutines.h"

namespace gort::runtime {
namespace {

constexpr std::uintptr_t kNullPageBytes = 4096;  // Go's: below it is a null pointer's member

struct FaultSignal {
  int number;
  const char* name;
  const char* text;  // Go's
  struct sigaction previous;
};
FaultSignal fault_signals[] = {
    {SIGSEGV, "SIGSEGV", "segmentation violation", {}},
    {SIGBUS, "SIGBUS", "bus error", {}},
    {SIGFPE, "SIGFPE", "floating-point exception", {}},
    {SIGILL, "SIGILL", "illegal instruction", {}},
};

FaultSignal& fault_signal(int number) {
  for (FaultSignal& signal : fault_signals) {
    if (signal.number == number) return signal;
  }
  return fault_signals[0];
}

bool was_handled(const FaultSignal& signal) {
  return (signal.previous.sa_flags & SA_SIGINFO) != 0 ||
         (signal.previous.sa_handler != SIG_DFL && signal.previous.sa_handler != SIG_IGN);
}

// As if we were not there.
void pass_on(const FaultSignal& signal, siginfo_t* info, void* context) {
  if ((signal.previous.sa_flags & SA_SIGINFO) != 0) {
    signal.previous.sa_sigaction(signal.number, info, context);
    return;
  }
  if (was_handled(signal)) {
    signal.previous.sa_handler(signal.number);
    return;
  }
  // A fault comes again when the handler returns; a signal that was sent must be sent again.
  const bool sent = info->si_code <= 0;
  if (sent && signal.previous.sa_handler == SIG_IGN) return;
  ::signal(signal.number, SIG_DFL);
  if (sent) ::syscall(SYS_tgkill, ::getpid(), ::gettid(), signal.number);
}

void print_signal(const FaultSignal& signal, const siginfo_t* info, const void* context) {
  base::write_stderr("[signal %s: %s code=0x%x addr=0x%zx pc=0x%zx]\n", signal.name, signal.text,
                     static_cast<unsigned>(info->si_code),
                     reinterpret_cast<std::size_t>(info->si_addr),
                     static_cast<std::size_t>(interrupted_pc(context)));
}

void print_overflow(const sched::Goroutine& goroutine, const void* context) {
  base::write_stderr("runtime: goroutine stack exceeds %zu-byte limit\n",
                     sched::stack_limit_of(&goroutine));
  base::write_stderr(
      "runtime: sp=0x%zx stack=[%p, %p]\n", static_cast<std::size_t>(interrupted_sp(context)),
      static_cast<const void*>(goroutine.stack.low), static_cast<const void*>(goroutine.stack.top));
  base::write_stderr("fatal error: stack overflow\n");
}

void print_fault(const FaultSignal& signal, const siginfo_t* info, const void* context) {
  if (info->si_code <= 0 || signal.number == SIGILL) {
    base::write_stderr("%s: %s\nPC=0x%zx m=%d sigcode=%d\n", signal.name, signal.text,
                       static_cast<std::size_t>(interrupted_pc(context)),
                       static_cast<int>(base::os::thread_id()), info->si_code);
    return;
  }
  if (signal.number == SIGFPE) {
    base::write_stderr("panic: runtime error: %s\n",
                       info->si_code == FPE_INTDIV   ? "integer divide by zero"
                       : info->si_code == FPE_INTOVF ? "integer overflow"
                                                     : "floating point error");
  } else if (reinterpret_cast<std::uintptr_t>(info->si_addr) < kNullPageBytes &&
             info->si_code != SI_KERNEL) {
    base::write_stderr("panic: runtime error: invalid memory address or nil pointer dereference\n");
  } else {
    base::write_stderr("unexpected fault address 0x%zx\nfatal error: fault\n",
                       reinterpret_cast<std::size_t>(info->si_addr));
  }
  print_signal(signal, info, context);
}

void on_fault(int number, siginfo_t* info, void* context) {
  const int saved_errno = errno;
  const FaultSignal& signal = fault_signal(number);
  sched::Goroutine* goroutine = running_goroutine();
  bool overflow = false;
  if (goroutine != nullptr && info->si_code > 0 && (number == SIGSEGV || number == SIGBUS)) {
    const sched::Growth growth = sched::grow_stack(goroutine, info->si_addr);
    if (growth == sched::Growth::grown) {
      errno = saved_errno;
      return;
    }
    overflow = growth == sched::Growth::overflow;
  }
  escape_from_attempt();
  if (!overflow && (goroutine == nullptr || was_handled(signal))) {
    pass_on(signal, info, context);
    errno = saved_errno;
    return;
  }
  if (!base::claim_death()) base::exit_fatally();
  if (overflow) {
    print_overflow(*goroutine, context);
  } else {
    print_fault(signal, info, context);
  }
  trace_interrupted(death_trace());
  die_with_report(Fault::calling, base::FatalScope::current);
}

}  // namespace

std::uintptr_t interrupted_pc(const void* context) {
  const auto& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  return static_cast<std::uintptr_t>(machine.gregs[REG_RIP]);
#else
  return static_cast<std::uintptr_t>(machine.pc);
#endif
}

std::uintptr_t interrupted_sp(const void* context) {
  const auto& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  return static_cast<std::uintptr_t>(machine.gregs[REG_RSP]);
#else
  return static_cast<std::uintptr_t>(machine.sp);
#endif
}

void install_fault_handlers() {
  for (FaultSignal& signal : fault_signals) {
    struct sigaction action = {};
    action.sa_sigaction = on_fault;
    // All other signals wait: growth must not be interrupted by a handler that needs the stack,
    // too.
    sigfillset(&action.sa_mask);
    for (const FaultSignal& other : fault_signals) sigdelset(&action.sa_mask, other.number);
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    ::sigaction(signal.number, &action, &signal.previous);
  }
}

}  // namespace gort::runtime
