// The line that GODEBUG=gctrace=1 prints at the end of each collection: Go's, to the letter.
//
// People have scripts for it, and it is the first thing that one looks at:
//
//   gc 9 @4.197s 29%: 0.072+2355+0.006 ms clock, 0.14+1051/1194/1263+0.012 ms cpu,
//       1745->2043->1313 MB, 2049 MB goal, 0 MB stacks, 0 MB globals, 2 P
//
// (one line). The number of the cycle; when it began; the collector's share of all processor time
// since the program began, without what idle processors did for it; clock time of the stop at the
// start, of marking, of the stop at the end; processor time of the first stop, of assists /
// background marking / idle marking, of the second stop; the heap when marking began -> when it
// ended -> what of that is alive; the goal; what there was of stacks and of globals to scan;
// processors; whether the program asked for it.
//
// Runs on: any thread; allocates nothing. Not here: where the line goes (gc/cycle.cc).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gort::collector {

struct CycleTrace {
  std::uint64_t number = 0;
  std::uint64_t begin_ns = 0;  // of the first stop, since the program began
  double share = 0;            // of processor time since then: 0 to 1
  // Clock time.
  std::uint64_t start_stop_ns = 0, mark_ns = 0, end_stop_ns = 0;
  // Processor time.
  std::uint64_t assist_ns = 0, background_ns = 0, idle_ns = 0;
  // Bytes.
  std::uint64_t begin_heap = 0, end_heap = 0, marked_heap = 0, goal = 0, stacks = 0, globals = 0;
  std::uint32_t processors = 1;  // that a stop takes from the program, too
  bool forced = false;
};

inline constexpr std::size_t kTraceLineBytes = 512;  // 17 numbers of 20 digits, and the words

// Writes the line, newline included, into `buffer` and returns it.
std::string_view format_trace(const CycleTrace& trace, char (&buffer)[kTraceLineBytes]);

}  // namespace gort::collector
