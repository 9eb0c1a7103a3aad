// textindex: the identifiers of a tree of C and C++ files, the most frequent ones and where they
// occur.
//
// The smallest program that needs most of gort: channels between stages, goroutines that wait for
// the disk, a context that Ctrl-C cancels, a ticker, and an index on the collected heap. Start
// reading at pipeline.cc; serial.cc does the same without gort, and both must give the same answer.
#include <gort/gort.hpp>

#include <sys/resource.h>

#include <cerrno>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "interrupt.h"
#include "modes.h"
#include "options.h"
#include "report.h"

namespace {

using namespace textindex;

// What differs from run to run: for people, not for comparing.
void print_speed(const totals& sums, std::chrono::duration<double> elapsed, const options& wanted,
                 const run_numbers& numbers) {
  const double seconds = elapsed.count();
  const double megabytes = static_cast<double>(sums.bytes.load()) / 1e6;
  std::fprintf(stderr, "%.1f MB in %.2f s, %.1f MB/s, ", megabytes, seconds,
               seconds > 0 ? megabytes / seconds : 0.0);
  if (wanted.serial) {
    std::fputs("one thread\n", stderr);
  } else {
    std::fprintf(stderr, "%d goroutines, at most %d at once, on %d processors\n",
                 numbers.goroutines, numbers.most_goroutines, static_cast<int>(gort::gomaxprocs()));
    std::fprintf(stderr, "%" PRIu64 " collections, longest pause %.3f ms, heap %.1f MB, ",
                 numbers.collections, static_cast<double>(numbers.longest_pause_ns) / 1e6,
                 static_cast<double>(numbers.heap_bytes) / 1e6);
  }
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  std::fprintf(stderr, "at most %.1f MB resident\n", static_cast<double>(used.ru_maxrss) / 1e3);
}

}  // namespace

int main(int argc, char** argv) {
  interrupt::block_signals();
  const options wanted = parse_options(argc, argv);
  totals sums;
  answer found;
  run_numbers numbers;
  const auto start = std::chrono::steady_clock::now();
  if (wanted.serial) {
    found = index_serially(wanted, sums);
  } else {
    gort::run([&] { found = index_concurrently(wanted, sums, numbers); });
  }
  const auto elapsed = std::chrono::steady_clock::now() - start;

  if (!print_answer(found, sums)) {
    std::fprintf(stderr, "textindex: standard output: %s\n", std::strerror(errno));
    return 1;
  }
  print_speed(sums, elapsed, wanted, numbers);
  if (const int signal = interrupt::taken(); signal != 0) {
    std::fputs("textindex: interrupted; these are the counts up to then\n", stderr);
    return 128 + signal;
  }
  return sums.failed.load() > 0 ? 1 : 0;
}
