// One request at a time: where to put the trace, taken by the thread that answers.
//
// The request is taken by exchange, so that either the thread writes the trace or the requester,
// out of patience, has taken it back; a thread that took it and does not finish makes this the last
// request.
// Not here: who asks (dump.cc).
#include "runtime/interrupt.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "base/event.h"
#include "base/os_linux.h"

namespace gort::runtime {
namespace {

constexpr int kSignal = SIGURG;  // Go's: ignored by default, so coming late does no harm
constexpr std::int64_t kPatienceNs = 500'000'000;

std::atomic<Trace*> wanted{nullptr};
std::atomic<bool> answered{false};
bool usable = true;

void on_request(int, siginfo_t*, void*) {
  const int saved_errno = errno;
  if (Trace* trace = wanted.exchange(nullptr, std::memory_order_acq_rel)) {
    trace_interrupted(*trace);
    answered.store(true, std::memory_order_release);
  }
  errno = saved_errno;
}

bool wait_for_answer() {
  const std::int64_t deadline_ns = base::os::monotonic_ns() + kPatienceNs;
  while (!answered.load(std::memory_order_acquire)) {
    if (base::os::monotonic_ns() > deadline_ns) return false;
    base::os::nap(100'000);
  }
  return true;
}

}  // namespace

bool trace_other_thread(pid_t tid, Trace& trace) {
  if (!usable) return false;
  struct sigaction action = {};
  action.sa_sigaction = on_request;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  ::sigaction(kSignal, &action, nullptr);
  answered.store(false, std::memory_order_relaxed);
  wanted.store(&trace, std::memory_order_release);
  if (::syscall(SYS_tgkill, ::getpid(), tid, kSignal) != 0) return false;
  if (wait_for_answer()) return true;
  // Not delivered: the signal is blocked there, or the thread sleeps in the kernel for good.
  if (wanted.exchange(nullptr, std::memory_order_acq_rel) != nullptr) return false;
  usable = wait_for_answer();
  return usable;
}

}  // namespace gort::runtime
