// The trace line, against lines that Go has printed.
//
// Not here: when a line is printed (the programs under test/).
#include "gc/gctrace.h"

#include <doctest/doctest.h>

#include <string>

using namespace gort::collector;

namespace {

constexpr std::uint64_t kMicrosecond = 1000, kMillisecond = 1'000'000, kMegabyte = 1 << 20;

std::string line_of(const CycleTrace& trace) {
  char buffer[kTraceLineBytes];
  return std::string(format_trace(trace, buffer));
}

// As the line shows a time: the clock of the first stop.
std::string time_of(std::uint64_t ns) {
  CycleTrace trace;
  trace.start_stop_ns = ns;
  const std::string line = line_of(trace);
  const std::size_t from = line.find(": ") + 2;
  return line.substr(from, line.find('+') - from);
}

}  // namespace

TEST_CASE("a cycle's line is Go's") {
  const CycleTrace trace{.number = 9,
                         .begin_ns = 4197 * kMillisecond + 999 * kMicrosecond,
                         .share = 0.2999,
                         .start_stop_ns = 72'500,
                         .mark_ns = 2355 * kMillisecond + 999'999,
                         .end_stop_ns = 6400,
                         .assist_ns = 1051 * kMillisecond,
                         .background_ns = 1194 * kMillisecond,
                         .idle_ns = 1263 * kMillisecond,
                         .begin_heap = 1745 * kMegabyte,
                         .end_heap = 2043 * kMegabyte,
                         .marked_heap = 1314 * kMegabyte - 1,
                         .goal = 2049 * kMegabyte,
                         .stacks = 0,
                         .globals = 3 * kMegabyte,
                         .processors = 2};
  CHECK(line_of(trace) ==
        "gc 9 @4.197s 29%: 0.072+2355+0.006 ms clock, 0.14+1051/1194/1263+0.012 ms cpu, "
        "1745->2043->1313 MB, 2049 MB goal, 0 MB stacks, 3 MB globals, 2 P\n");
}

TEST_CASE("a forced cycle says so, and what took no time is a bare zero") {
  CycleTrace trace;
  trace.number = 1;
  trace.begin_ns = 7 * kMillisecond;
  trace.forced = true;
  CHECK(line_of(trace) ==
        "gc 1 @0.007s 0%: 0+0+0 ms clock, 0+0/0/0+0 ms cpu, 0->0->0 MB, 0 MB goal, "
        "0 MB stacks, 0 MB globals, 1 P (forced)\n");
}

TEST_CASE("times have two digits and at most three decimals, and are cut") {
  CHECK(time_of(999) == "0");
  CHECK(time_of(1000) == "0.001");
  CHECK(time_of(10'999) == "0.010");
  CHECK(time_of(99'999) == "0.099");
  CHECK(time_of(100'000) == "0.10");
  CHECK(time_of(123'456) == "0.12");
  CHECK(time_of(999'999) == "0.99");
  CHECK(time_of(1'000'000) == "1.0");
  CHECK(time_of(1'590'000) == "1.5");
  CHECK(time_of(9'999'999) == "9.9");
  CHECK(time_of(10'000'000) == "10");
  CHECK(time_of(12'345'678'901) == "12345");
}

TEST_CASE("the largest numbers fit the buffer") {
  CycleTrace trace;
  trace.number = trace.begin_ns = trace.mark_ns = trace.assist_ns = UINT64_MAX;
  trace.background_ns = trace.idle_ns = trace.begin_heap = trace.end_heap = UINT64_MAX;
  trace.marked_heap = trace.goal = trace.stacks = trace.globals = UINT64_MAX;
  trace.start_stop_ns = trace.end_stop_ns = UINT64_MAX;
  trace.share = 1;
  trace.processors = UINT32_MAX;
  const std::string line = line_of(trace);
  CHECK(line.size() < kTraceLineBytes);
  CHECK(line.find(" @18446744073.709s 100%: ") != std::string::npos);
}
