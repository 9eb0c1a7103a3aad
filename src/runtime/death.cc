// The reserved stack, and attempts: a jump buffer, a timer for this thread, and who is in one.
//
// Runs on the dying thread; the handlers on the thread that faulted. Not here: which signals are
// faults (signals.cc).
#include "runtime/death.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>

#include "base/assert.h"
#include "base/os_linux.h"
#include "runtime/walk.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace gort::runtime {
namespace {

// Symbol libraries and demangling recurse; none was seen to need 64 KiB. Costs address space until
// used.
constexpr std::size_t kDeathStackBytes = std::size_t{1} << 20;

char* death_stack = nullptr;
std::atomic<pid_t> attempting{0};
sigjmp_buf way_out;
bool timer_made = false;
int timer = -1;  // the kernel's number

struct Report {
  void (*function)(void*);
  void* argument;
};

void run_report(void* argument) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
#endif
  const Report report = *static_cast<Report*>(argument);
  report.function(report.argument);
  base::exit_fatally();
}

void on_alarm(int) { escape_from_attempt(); }

void make_timer() {
  timer_made = true;
  struct sigaction action = {};
  action.sa_handler = on_alarm;
  action.sa_flags = SA_ONSTACK;
  ::sigaction(SIGALRM, &action, nullptr);
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = SIGALRM;
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif
  event.sigev_notify_thread_id = base::os::thread_id();
  // By number: timer_create is in another library before glibc 2.34.
  if (::syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer) != 0) timer = -1;
}

void set_timer(int milliseconds) {
  if (timer < 0) return;
  itimerspec when{};
  when.it_value.tv_sec = milliseconds / 1000;
  when.it_value.tv_nsec = milliseconds % 1000 * 1'000'000L;
  ::syscall(SYS_timer_settime, timer, 0, &when, nullptr);
}

// In a fault's handler that fault is blocked: another one would end the process without a word.
void unblock_faults() {
  sigset_t faults;
  sigemptyset(&faults);
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGALRM}) sigaddset(&faults, signal);
  ::pthread_sigmask(SIG_UNBLOCK, &faults, nullptr);
}

}  // namespace

void reserve_death_stack() {
  death_stack = static_cast<char*>(base::os::reserve(kDeathStackBytes));
  if (death_stack != nullptr) base::os::forbid_huge_pages(death_stack, kDeathStackBytes);
}

void report_and_die(void (*function)(void*), void* argument) {
  static Report report;
  report = {function, argument};
  unblock_faults();
  if (death_stack == nullptr) {
    function(argument);
    base::exit_fatally();
  }
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(nullptr, death_stack, kDeathStackBytes);
#endif
  gort_call_on_stack(death_stack + kDeathStackBytes, run_report, &report);
  __builtin_unreachable();
}

bool attempt(void (*step)(void*), void* argument, int milliseconds) {
  if (attempting.load(std::memory_order_relaxed) != 0) {
    step(argument);
    return true;
  }
  if (!timer_made) make_timer();
  volatile bool done = false;  // read after a jump
  if (sigsetjmp(way_out, 1) == 0) {
    attempting.store(base::os::thread_id(), std::memory_order_relaxed);
    set_timer(milliseconds);
    try {
      step(argument);
      done = true;
    } catch (...) {  // an allocation that failed, most likely: less is known then
    }
  }
  attempting.store(0, std::memory_order_relaxed);
  set_timer(0);
  return done;
}

void escape_from_attempt() {
  if (attempting.load(std::memory_order_relaxed) == base::os::thread_id()) ::siglongjmp(way_out, 1);
}

}  // namespace gort::runtime
