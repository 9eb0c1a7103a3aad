// Tests of the environment's grammars.
//
// Each parser is given texts; the environment itself is not touched. Not here: that a bad value
// ends the process (test/crash).
#include "runtime/options.h"

#include <doctest/doctest.h>

#include <initializer_list>

using namespace gort::runtime;

TEST_CASE("GOMAXPROCS is a positive integer, and at most 1024 count") {
  Options options;
  CHECK(parse_maxprocs("4", options) == nullptr);
  CHECK(options.maxprocs == 4);
  CHECK(parse_maxprocs("100000", options) == nullptr);
  CHECK(options.maxprocs == 1024);
  for (const char* bad : {"0", "-1", "+1", "1.5", "4 ", " 4", "four", "99999999999999999999"}) {
    CAPTURE(bad);
    CHECK(parse_maxprocs(bad, options) != nullptr);
  }
  CHECK(options.maxprocs == 1024);
}

TEST_CASE("GOGC is a percentage, or off, which what is negative means as well") {
  Options options;
  CHECK(options.gc_percent == 100);
  CHECK(parse_gc_percent("50", options) == nullptr);
  CHECK(options.gc_percent == 50);
  CHECK(parse_gc_percent("off", options) == nullptr);
  CHECK(options.gc_percent == -1);
  CHECK(parse_gc_percent("0", options) == nullptr);
  CHECK(options.gc_percent == 0);
  for (const char* negative : {"-1", "-5", "-2147483647"}) {
    options.gc_percent = 7;
    CHECK(parse_gc_percent(negative, options) == nullptr);
    CHECK(options.gc_percent == -1);
  }
  CHECK(parse_gc_percent("-0", options) == nullptr);
  CHECK(options.gc_percent == 0);
  for (const char* bad : {"Off", "-", "--1", "-99999999999", "10%", "1e2"}) {
    CAPTURE(bad);
    CHECK(parse_gc_percent(bad, options) != nullptr);
  }
}

TEST_CASE("GOMEMLIMIT is a number of bytes with a unit") {
  const auto bytes = [](const char* text) {
    Options options;
    CHECK(parse_memory_limit(text, options) == nullptr);
    return options.memory_limit;
  };
  CHECK(bytes("1000") == 1000);
  CHECK(bytes("7B") == 7);
  CHECK(bytes("2KiB") == 2048);
  CHECK(bytes("512MiB") == std::int64_t{512} << 20);
  CHECK(bytes("3GiB") == std::int64_t{3} << 30);
  CHECK(bytes("1TiB") == std::int64_t{1} << 40);
  CHECK(bytes("off") == INT64_MAX);
  Options options;
  for (const char* bad : {"MiB", "1.5GiB", "1GB", "1 GiB", "-1", "9999999TiB", "1KiBx"}) {
    CAPTURE(bad);
    CHECK(parse_memory_limit(bad, options) != nullptr);
  }
}

TEST_CASE("GOTRACEBACK has Go's levels, by name and by number") {
  Options options;
  CHECK(parse_traceback("none", options) == nullptr);
  CHECK(options.traceback == Traceback::none);
  CHECK(parse_traceback("1", options) == nullptr);
  CHECK(options.traceback == Traceback::all);
  CHECK(parse_traceback("crash", options) == nullptr);
  CHECK(options.traceback == Traceback::system);
  CHECK(options.crash);
  CHECK(parse_traceback("system", options) == nullptr);
  CHECK_FALSE(options.crash);
  CHECK(parse_traceback("3", options) != nullptr);
  CHECK(parse_traceback("All", options) != nullptr);
}

TEST_CASE("GODEBUG is a list of settings; names that gort does not know are left to others") {
  Options options;
  CHECK(parse_debug("schedtrace=1000,gctrace=1", options) == nullptr);
  CHECK(options.schedtrace_ms == 1000);
  CHECK(options.gctrace == 1);
  CHECK(parse_debug("http2client=0,asyncpreemptoff=1", options) == nullptr);
  CHECK(parse_debug("panicnil=", options) == nullptr);
  for (const char* bad : {"schedtrace", "=1", "gctrace=1,,schedtrace=1", "gctrace=1,", "gctrace=x",
                          "schedtrace=-1"}) {
    CAPTURE(bad);
    CHECK(parse_debug(bad, options) != nullptr);
  }
}

TEST_CASE("the default of gomaxprocs is within the machine") {
  CHECK(default_maxprocs() >= 1);
  CHECK(default_maxprocs() <= kMostProcessors);
}
