// Dying: the text, the dump, the exit status.
//
// Everything here may run with any lock held and on a stack that has just overflowed, so it
// allocates nothing and takes no lock: text goes through a fixed buffer to write(2). The first
// thread to die owns stderr; a second one waits for the process to end, so reports never mix.
// Not here: the goroutine dump (runtime/dump.cc), the signal handlers (runtime/signals.cc).
#include "base/assert.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

namespace gort::base {
namespace {

constexpr int kFatalStatus = 2;  // Go's

std::atomic<FatalHook> fatal_hook{nullptr};
std::atomic<bool> crash_on_fatal{false};
std::atomic<pid_t> dying_thread{0};  // the thread id of the first to die

void write_all(const char* text, std::size_t bytes) {
  while (bytes > 0) {
    const ssize_t written = ::write(STDERR_FILENO, text, bytes);
    if (written <= 0) return;
    text += written;
    bytes -= static_cast<std::size_t>(written);
  }
}

void write_formatted(const char* format, va_list arguments) {
  char buffer[1024];
  const int length = std::vsnprintf(buffer, sizeof buffer, format, arguments);
  if (length > 0) write_all(buffer, length < 1024 ? static_cast<std::size_t>(length) : 1023);
}

}  // namespace

void set_fatal_hook(FatalHook hook) { fatal_hook.store(hook, std::memory_order_release); }

void set_crash_on_fatal(bool crash) { crash_on_fatal.store(crash, std::memory_order_relaxed); }

bool claim_death() {
  pid_t first = 0;
  const pid_t self = ::gettid();
  if (dying_thread.compare_exchange_strong(first, self, std::memory_order_acq_rel)) return true;
  if (first == self) return false;  // dying while dying: the caller ends at once
  for (;;) ::pause();               // another thread is printing its report
}

void exit_fatally() {
  if (crash_on_fatal.load(std::memory_order_relaxed)) {
    ::signal(SIGABRT, SIG_DFL);
    ::raise(SIGABRT);
  }
  ::_exit(kFatalStatus);
}

void fatal_after(const char* prelude, FatalScope scope, const char* text) {
  const bool first = claim_death();
  write_all(prelude, __builtin_strlen(prelude));
  write_stderr("fatal error: %s\n", text);
  if (first && scope != FatalScope::none) {
    if (const FatalHook hook = fatal_hook.load(std::memory_order_acquire)) hook(scope);
  }
  exit_fatally();
}

void fatal(FatalScope scope, const char* format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  fatal_after("", scope, text);
}

void write_stderr(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  write_formatted(format, arguments);
  va_end(arguments);
}

void check_failed(const char* expression, const char* file, int line) {
  fatal(FatalScope::current, "gort: internal check failed: %s (%s:%d)", expression, file, line);
}

}  // namespace gort::base
