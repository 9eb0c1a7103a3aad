// SIGQUIT: what are all of you doing?
//
// The signal may hit a thread in the middle of the runtime, holding its locks; a dump from the
// handler would wait for itself. So the handler only wakes a thread that does nothing else, and
// returns; that thread freezes the world, prints, and ends the process. It is asleep until then and
// is there for a runtime that is stuck, too: it relies on no other thread.
//
// Runs on its own thread, never attached. Not here: the format (dump.cc), faults (signals.cc).
#include <signal.h>

#include <atomic>
#include <cerrno>

#include "base/assert.h"
#include "base/event.h"
#include "base/os_linux.h"
#include "runtime/dump.h"
#include "runtime/signals.h"
#include "sched/world.h"

namespace gort::runtime {
namespace {

std::atomic<std::uint32_t> quit_word{0};
std::atomic<std::uintptr_t> quit_pc{0};
std::atomic<int> quit_code{0}, quit_tid{0};

void on_quit(int, siginfo_t* info, void* context) {
  const int saved_errno = errno;
  quit_pc.store(interrupted_pc(context), std::memory_order_relaxed);
  quit_code.store(info->si_code, std::memory_order_relaxed);
  quit_tid.store(base::os::thread_id(), std::memory_order_relaxed);
  quit_word.store(1, std::memory_order_release);  // pairs with the acquire in watch_for_quit
  base::wake(quit_word);
  errno = saved_errno;
}

void* watch_for_quit(void*) {
  while (quit_word.load(std::memory_order_acquire) == 0) base::sleep_on(quit_word, 0);
  base::claim_death();
  base::write_stderr("SIGQUIT: quit\nPC=0x%zx m=%d sigcode=%d\n",
                     static_cast<std::size_t>(quit_pc.load(std::memory_order_relaxed)),
                     quit_tid.load(std::memory_order_relaxed),
                     quit_code.load(std::memory_order_relaxed));
  die_with_report(Fault::nobody, base::FatalScope::all);
}

}  // namespace

void install_quit_handler() {
  struct sigaction previous = {};
  ::sigaction(SIGQUIT, nullptr, &previous);
  if ((previous.sa_flags & SA_SIGINFO) != 0 || previous.sa_handler != SIG_DFL) return;
  // Without the thread the signal keeps its own, shorter way to end the process.
  if (base::simulated() != nullptr || base::os::start_thread(watch_for_quit, nullptr) != 0) return;
  {
    base::Guard guard(sched::scheduler.lock);
    ++sched::scheduler.helper_threads;  // it will never call in: no hope against a deadlock
  }
  struct sigaction action = {};
  action.sa_sigaction = on_quit;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGQUIT, &action, nullptr);
}

}  // namespace gort::runtime
