// A child process of a unit test: for what must die, and for what changes the process for good.
//
// Started from a goroutine as well as from a plain test. The child has the calling thread alone, so
// it may touch gort's records but not wait for anybody. It ends without running destructors, so
// leak checkers see nothing.
// Not here: whole programs that must die (test/crash).
#pragma once

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

namespace gort_test {

struct Ended {
  int status = -1;   // exit status, or -1
  int signal = 0;    // that killed it, or 0
  std::string text;  // what it wrote to stderr
};

// Runs `f` in a child process, which exits with what it returns. Signals that kill keep their
// default action.
template <class F>
Ended in_child(F f) {
  Ended ended;
  int ends[2];
  if (::pipe(ends) != 0) return ended;
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    ::signal(SIGSEGV, SIG_DFL);
    ::signal(SIGBUS, SIG_DFL);
    ::_exit(f());
  }
  ::close(ends[1]);
  char buffer[4096];
  for (ssize_t n; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
    ended.text.append(buffer, static_cast<std::size_t>(n));
  }
  ::close(ends[0]);
  int status = 0;
  if (child > 0 && ::waitpid(child, &status, 0) == child) {
    if (WIFEXITED(status)) ended.status = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) ended.signal = WTERMSIG(status);
  }
  return ended;
}

}  // namespace gort_test
