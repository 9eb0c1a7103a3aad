// The program as a whole: run, its configuration, and questions about the runtime.
//
//     int main() { return gort::run([] { ...; }); }
//
// The runtime starts on first use, whoever that is, and reads the environment then (GOMAXPROCS,
// GOGC, GOMEMLIMIT, GOTRACEBACK, GODEBUG); what `config` says is set by run and wins. Every
// function here may be called from any OS thread at any time, but for run. Not here: goroutines
// (go.hpp), dumps (debug.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "gort/detail/boot_anchor.hpp"
#include "gort/detail/runtime_core.hpp"

namespace gort {

// What is left as it is here run does not touch: it is as the environment says, or Go's default,
// or as the program, or an earlier run, has set it since.
struct config {
  int maxprocs = 0;  // GOMAXPROCS: 1 to 1024; 0: as it is
  // GOGC: percent of growth between collections, -1: off. GOMEMLIMIT: bytes; INT64_MAX: none.
  std::optional<int> gc_percent = {};
  std::optional<std::int64_t> memory_limit = {};
  std::size_t stack_limit = 0;  // bytes per goroutine, 16 KiB to 1 GiB; 0: 256 MiB
  int max_threads = 0;          // OS threads; 0: 10,000
};

namespace detail {

// Applies the configuration, then runs `entry(argument)` as the main goroutine. Throws
// runtime_error for a bad field.
void run_main(const config& options, closure_entry entry, void* argument);

}  // namespace detail

// Runs f() as the main goroutine and returns when it does: what it returns, as int, or 0 if that is
// void. The other goroutines are abandoned then: they never go on, and what is on their stacks is
// not destroyed. One run at a time; called from main, or any thread that is no goroutine. An
// exception that leaves f ends the process. Throws runtime_error, naming the field, for a
// configuration that cannot be. Go's main function.
template <class F>
requires std::is_invocable_v<F&>
int run(const config& options, F&& f) {
  struct call {
    std::remove_reference_t<F>* f;
    int result = 0;
  } main{std::addressof(f)};
  if constexpr (std::is_pointer_v<std::decay_t<F>> || requires {
                  f.target_type();
                  static_cast<bool>(f);
                }) {
    if (!static_cast<bool>(f)) detail::fatal_go_of_nil();
  }
  detail::run_main(
      options,
      [](void* argument) {
        call& it = *static_cast<call*>(argument);
        if constexpr (std::is_void_v<std::invoke_result_t<F&>>) {
          std::invoke(*it.f);
        } else {
          it.result = static_cast<int>(std::invoke(*it.f));
        }
      },
      &main);
  return main.result;
}
template <class F>
requires std::is_invocable_v<F&>
int run(F&& f) { return run(config{}, std::forward<F>(f)); }

// Goroutines that exist: the runtime's own and foreign threads are not counted. Go's NumGoroutine.
std::int64_t num_goroutine();
// CPUs that this process may run on. Go's NumCPU.
int num_cpu();
// How many goroutines may run at the same instant. By default the CPUs of the affinity mask, at
// most what the control group's quota is worth, rounded up and at least 2. Go's GOMAXPROCS.
int gomaxprocs();
// Sets it, to at most 1024, and returns what it was; n < 1 only asks. Stops all goroutines for a
// moment.
int gomaxprocs(int n);

// The stack limit in bytes of goroutines without one of their own (goroutine_options); returns what
// it was. For goroutines that run for the first time after the call; a lower one holds for the
// caller, too, if it has not gone deeper. Throws runtime_error outside 16 KiB to 1 GiB. Go's
// debug.SetMaxStack.
std::size_t set_max_stack(std::size_t bytes);
// How many OS threads gort may start; returns what it was. Needing one more is fatal. Throws
// runtime_error for less than 1. Go's debug.SetMaxThreads.
int set_max_threads(int n);

// The calling goroutine stays on its OS thread, and the thread runs no other, until as many calls
// of unlock_os_thread. If the goroutine ends before, so does the thread. Go's LockOSThread.
void lock_os_thread();
void unlock_os_thread();

// The number that dumps show, for logs only. Goroutines are numbered in the order of their
// creation, with gaps.
std::uint64_t goroutine_id();

}  // namespace gort
