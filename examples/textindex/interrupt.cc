// The state is global because signals belong to the process, and because the goroutine in wait() is
// still there when main returns: nothing that it touches may go away.
#include "interrupt.h"

#include <signal.h>

#include <atomic>
#include <ctime>

namespace textindex::interrupt {
namespace {

sigset_t signals;  // set once, by block_signals
std::atomic<int> taken_signal{0};

void take(int number) {
  taken_signal.store(number, std::memory_order_relaxed);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

}  // namespace

void block_signals() {
  sigemptyset(&signals);
  for (int number : {SIGINT, SIGTERM}) {
    struct sigaction action;
    if (sigaction(number, nullptr, &action) == 0 && action.sa_handler != SIG_IGN) {
      sigaddset(&signals, number);
    }
  }
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

void wait() {
  int number = 0;
  while (sigwait(&signals, &number) != 0) {
  }
  take(number);
}

bool poll() {
  if (taken() != 0) return true;
  const timespec at_once{};
  const int number = sigtimedwait(&signals, nullptr, &at_once);
  if (number <= 0) return false;
  take(number);
  return true;
}

int taken() { return taken_signal.load(std::memory_order_relaxed); }

}  // namespace textindex::interrupt
