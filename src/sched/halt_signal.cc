// Installing the handler, sending, and passing on.
//
// What gort sends carries a value of its own (rt_tgsigqueueinfo), so that a signal of the user's is
// told from ours. Pending ones of the same kind merge, so a thread that is asked to halt halts at
// anybody's.
//
// A handler that was put over ours may call ours in turn. Passing on to it again would never end:
// what is passed on is marked in its siginfo, and when it comes back marked it goes to whoever was
// there first. Under ThreadSanitizer the C library's own sigaction is used: the sanitizer would
// deliver a signal only when the thread next calls something that it knows.
// Runs as halt_signal.h says. Not here: halting (halt.cc).
#include "sched/halt_signal.h"

#include <dlfcn.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "base/assert.h"
#include "sched/sanitizer.h"

namespace gort::sched {
namespace {

constexpr int kSignal = SIGURG;
constexpr int kPassedOn = 0x676f7274;  // in si_errno, which no SIGURG has

const char our_value = 0;  // its address is the mark of our own signals

// Who was there when we came, and who came later; each in memory that is not written again while a
// handler may read it.
struct sigaction first_action;
struct sigaction later_actions[2];
std::atomic<const struct sigaction*> later_action{nullptr};
bool claimed = false;

int call_sigaction(const struct sigaction* action, struct sigaction* previous) {
#if defined(__SANITIZE_THREAD__)
  using Function = int (*)(int, const struct sigaction*, struct sigaction*);
  static const auto function = reinterpret_cast<Function>(
      ::dlsym(::dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD), "sigaction"));
  return function(kSignal, action, previous);
#else
  return ::sigaction(kSignal, action, previous);
#endif
}

sigset_t only_signal() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, kSignal);
  return signals;
}

bool is_ours(const siginfo_t* info) {
  return info->si_code == SI_QUEUE && info->si_value.sival_ptr == &our_value;
}

GORT_NO_SANITIZE void pass_on(const struct sigaction& action, siginfo_t* info, void* context) {
  if ((action.sa_flags & SA_SIGINFO) != 0) {
    action.sa_sigaction(kSignal, info, context);
  } else if (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN) {
    action.sa_handler(kSignal);  // ignoring is the default
  }
}

GORT_NO_SANITIZE void on_signal(int, siginfo_t* info, void* context) {
  const int saved_errno = errno;
  halt_if_asked(context);
  if (!is_ours(info)) {
    const struct sigaction* later = later_action.load(std::memory_order_acquire);
    if (later != nullptr && info->si_errno != kPassedOn) {
      info->si_errno = kPassedOn;
      pass_on(*later, info, context);
    } else {
      pass_on(first_action, info, context);
    }
  }
  errno = saved_errno;
}

}  // namespace

void claim_signal() {
  struct sigaction present;
  call_sigaction(nullptr, &present);
  if ((present.sa_flags & SA_SIGINFO) != 0 && present.sa_sigaction == on_signal) return;
  if (!claimed) {
    first_action = present;
    claimed = true;
  } else {
    const bool second = later_action.load(std::memory_order_relaxed) == &later_actions[0];
    later_actions[second] = present;
    later_action.store(&later_actions[second], std::memory_order_release);
  }
  struct sigaction action = {};
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  sigemptyset(&action.sa_mask);
  GORT_CHECK(call_sigaction(&action, nullptr) == 0);
}

bool send_signal(pid_t thread) {
  siginfo_t info = {};
  info.si_signo = kSignal;
  info.si_code = SI_QUEUE;
  info.si_pid = ::getpid();
  info.si_uid = ::getuid();
  info.si_value.sival_ptr = const_cast<char*>(&our_value);
  return ::syscall(SYS_rt_tgsigqueueinfo, info.si_pid, thread, kSignal, &info) == 0 ||
         errno != ESRCH;
}

void unblock_signal() {
  const sigset_t signals = only_signal();
  ::pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

void take_signal() {
  const sigset_t signals = only_signal();
  sigset_t previous;
  ::pthread_sigmask(SIG_UNBLOCK, &signals, &previous);  // the handler runs before it returns
  if (sigismember(&previous, kSignal) == 1) ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace gort::sched
