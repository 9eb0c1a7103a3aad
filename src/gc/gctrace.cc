// Writes a cycle's line digit by digit, as Go does: no printf, whose dots depend on the locale.
//
// Times below 10 ms have two significant digits and at most three decimals; longer ones are whole
// milliseconds. Everything is cut, nothing rounded.
#include "gc/gctrace.h"

#include <cstring>

namespace gort::collector {
namespace {

class Line {
 public:
  explicit Line(char* at) : begin_(at), at_(at) {}

  Line& operator<<(const char* text) {
    const std::size_t bytes = std::strlen(text);
    std::memcpy(at_, text, bytes);
    at_ += bytes;
    return *this;
  }
  Line& operator<<(std::uint64_t value) { return decimal(value, 0); }
  // value / 10^decimals.
  Line& decimal(std::uint64_t value, int decimals) {
    char digits[24];
    int count = 0;
    do {
      digits[count++] = static_cast<char>('0' + value % 10);
      value /= 10;
      if (count == decimals) digits[count++] = '.';
    } while (value != 0 || count <= decimals || digits[count - 1] == '.');
    while (count > 0) *at_++ = digits[--count];
    return *this;
  }
  Line& milliseconds(std::uint64_t ns) {
    if (ns >= 10'000'000) return *this << ns / 1'000'000;
    std::uint64_t value = ns / 1000;
    if (value == 0) return *this << "0";
    int decimals = 3;
    for (; value >= 100; value /= 10) --decimals;
    return decimal(value, decimals);
  }
  Line& megabytes(std::uint64_t bytes) { return *this << (bytes >> 20); }
  std::string_view text() const { return {begin_, static_cast<std::size_t>(at_ - begin_)}; }

 private:
  char* begin_;
  char* at_;
};

}  // namespace

std::string_view format_trace(const CycleTrace& trace, char (&buffer)[kTraceLineBytes]) {
  Line line(buffer);
  line << "gc " << trace.number << " @";
  line.decimal(trace.begin_ns / 1'000'000, 3) << "s ";
  line << static_cast<std::uint64_t>(trace.share * 100) << "%: ";
  line.milliseconds(trace.start_stop_ns) << "+";
  line.milliseconds(trace.mark_ns) << "+";
  line.milliseconds(trace.end_stop_ns) << " ms clock, ";
  line.milliseconds(trace.processors * trace.start_stop_ns) << "+";
  line.milliseconds(trace.assist_ns) << "/";
  line.milliseconds(trace.background_ns) << "/";
  line.milliseconds(trace.idle_ns) << "+";
  line.milliseconds(trace.processors * trace.end_stop_ns) << " ms cpu, ";
  line.megabytes(trace.begin_heap) << "->";
  line.megabytes(trace.end_heap) << "->";
  line.megabytes(trace.marked_heap) << " MB, ";
  line.megabytes(trace.goal) << " MB goal, ";
  line.megabytes(trace.stacks) << " MB stacks, ";
  line.megabytes(trace.globals) << " MB globals, ";
  line << std::uint64_t{trace.processors} << " P" << (trace.forced ? " (forced)\n" : "\n");
  return line.text();
}

}  // namespace gort::collector
