// What the environment asks for.
//
// Parsing is apart from acting: a parser is given text and answers with a value or with what it
// wanted instead, so that tests need no process. Go falls back to a default where a value makes no
// sense; here that is an error, since a misspelt limit that is silently ignored is found out in
// production.
// Runs once, at boot. Not here: who applies the values (boot.cc, run.cc).
#pragma once

#include <cstdint>

namespace gort::runtime {

enum class Traceback : std::uint8_t {
  none,    // the message alone
  single,  // the goroutine at fault, or all where no one is
  all,
  system,  // and the runtime's own frames and goroutines
};

struct Options {
  int maxprocs = 0;                       // GOMAXPROCS; 0: automatic
  int gc_percent = 100;                   // GOGC; -1: off
  std::int64_t memory_limit = INT64_MAX;  // GOMEMLIMIT, bytes
  Traceback traceback = Traceback::single;
  bool crash = false;              // GOTRACEBACK=crash: die by SIGABRT, for a core
  std::int64_t schedtrace_ms = 0;  // GODEBUG=schedtrace
  int gctrace = 0;                 // GODEBUG=gctrace
};

// Each returns null and sets its part of `options`, or says what would have been right.
const char* parse_maxprocs(const char* text, Options& options);
const char* parse_gc_percent(const char* text, Options& options);
const char* parse_memory_limit(const char* text, Options& options);
const char* parse_traceback(const char* text, Options& options);
const char* parse_debug(const char* text, Options& options);

// Reads all five variables; an empty one counts as not set. A bad one ends the process: status 2.
Options options_from_environment();

// What holds now: the environment's, then what run's config changed. Written before goroutines run.
Options& options();

// The processors to start with: `options.maxprocs`, or what affinity and control group leave us.
int default_maxprocs();
inline constexpr int kMostProcessors = 1024;

}  // namespace gort::runtime
