// Checks, and the one way to die.
//
// Three words for three situations. CHECK: our own invariant where memory safety is at stake; in
// all builds. ASSERT: our own invariant where the check would be felt; in dev and checked builds
// only. fatal(): the user's program did what cannot be recovered from; the text is part of the
// public contract, so it is printed exactly, followed by a dump of the goroutines.
//
// The dump needs the whole runtime, which base/ must not know: it is a hook with a constant default
// (no dump), installed by runtime/boot.cc. Runs on any thread and any stack; takes no lock here.
// Not here: what a dump looks like (runtime/dump.cc).
#pragma once

#include <cstdint>

namespace gort::base {

// Which goroutines a death shows.
enum class FatalScope : std::uint8_t {
  current,  // the fault of the goroutine that runs: it alone, unless GOTRACEBACK says more
  all,      // every goroutine matters, as for a deadlock
  none,     // no goroutine can be at fault, as for a malformed environment variable
};

using FatalHook = void (*)(FatalScope scope);

// Installed once by runtime/boot.cc before any goroutine runs; prints the dump to stderr.
void set_fatal_hook(FatalHook hook);

// Prints `fatal error: TEXT`, a blank line and the dump, and ends the process with status 2.
[[noreturn, gnu::format(printf, 2, 3)]] void fatal(FatalScope scope, const char* format, ...);
// The same after `prelude`, whole lines that Go prints before the fatal error itself.
[[noreturn]] void fatal_after(const char* prelude, FatalScope scope, const char* text);
// Ends the process with status 2, or by SIGABRT when GOTRACEBACK=crash asked for a core.
[[noreturn]] void exit_fatally();
void set_crash_on_fatal(bool crash);
// True for the first caller only: two goroutines that die at once print one report.
bool claim_death();

// Unbuffered, allocation-free formatted output to stderr; safe in a signal handler.
[[gnu::format(printf, 1, 2)]] void write_stderr(const char* format, ...);

[[noreturn]] void check_failed(const char* expression, const char* file, int line);

}  // namespace gort::base

#define GORT_CHECK(expression)                                     \
  do {                                                             \
    if (!(expression)) [[unlikely]]                                \
      ::gort::base::check_failed(#expression, __FILE__, __LINE__); \
  } while (false)

#ifdef GORT_ASSERTIONS
#define GORT_ASSERT(expression) GORT_CHECK(expression)
#else
#define GORT_ASSERT(expression) static_cast<void>(0)
#endif
