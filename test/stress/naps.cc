// Threads that lose their CPU at the worst moment: GORT_STRESS_NAPS=US sends a signal to a thread
// chosen at random every US microseconds, and the handler sleeps, mostly up to 3 ms, at times up to
// 60. On a busy machine the kernel does the same, but rarely where it hurts: a lock is held, a
// table is half read, a processor has just been lost.
//
// The sender is a thread that gort does not know. Its signal is SIGUSR2, on the signal stack, as
// gort asks of handlers. Not here: the programs that it disturbs.

#include <dirent.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <vector>

namespace {

std::atomic<std::uint64_t> naps{0};

void take_nap(int) {
  const int error = errno;
  std::uint64_t random = (naps.fetch_add(1, std::memory_order_relaxed) + 1) * 0x9e3779b97f4a7c15;
  random ^= random >> 29;
  const std::uint64_t most_us = random % 100 < 80 ? 3'000 : 60'000;
  timespec nap{};
  nap.tv_nsec = static_cast<long>(random / 128 % most_us * 1'000);
  ::syscall(SYS_nanosleep, &nap, nullptr);
  errno = error;
}

std::vector<pid_t> threads_now() {
  std::vector<pid_t> threads;
  DIR* const folder = ::opendir("/proc/self/task");
  if (folder == nullptr) return threads;
  while (const dirent* entry = ::readdir(folder)) {
    if (entry->d_name[0] != '.') threads.push_back(std::atoi(entry->d_name));
  }
  ::closedir(folder);
  return threads;
}

void* send_naps(void* argument) {
  const auto every_us = static_cast<useconds_t>(reinterpret_cast<std::uintptr_t>(argument));
  const auto self = static_cast<pid_t>(::syscall(SYS_gettid));
  std::uint64_t random = static_cast<std::uint64_t>(self);
  for (;;) {
    ::usleep(every_us);
    const std::vector<pid_t> threads = threads_now();
    random = random * 6364136223846793005 + 1442695040888963407;
    if (threads.empty()) continue;
    const pid_t chosen = threads[(random >> 33) % threads.size()];
    if (chosen != self) ::syscall(SYS_tgkill, ::getpid(), chosen, SIGUSR2);
  }
}

// Before main, so that every thread that there will be has the handler.
[[gnu::constructor]] void begin() {
  const char* const text = std::getenv("GORT_STRESS_NAPS");
  if (text == nullptr) return;
  struct sigaction action {};
  action.sa_handler = take_nap;
  action.sa_flags = SA_ONSTACK | SA_RESTART;
  ::sigaction(SIGUSR2, &action, nullptr);
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t sender;
  const auto every_us = static_cast<std::uintptr_t>(std::strtoul(text, nullptr, 10));
  ::pthread_create(&sender, nullptr, send_naps, reinterpret_cast<void*>(every_us));
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace
