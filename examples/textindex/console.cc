// Every message is one call that writes it whole (stderr is unbuffered, and stdio gathers a printf
// into one write), so messages of different goroutines do not mix.
#include "console.h"

#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace textindex {
namespace {

// To the line's beginning, and clear from there.
constexpr const char* kErase = "\r\033[K";

bool is_terminal() {
  static const bool answer = [] {
    const char* kind = std::getenv("TERM");
    return isatty(STDERR_FILENO) != 0 && kind != nullptr && std::string_view(kind) != "dumb";
  }();
  return answer;
}

}  // namespace

void complain(std::string_view path, std::error_code reason) {
  std::fprintf(stderr, "%stextindex: %.*s: %s\n", is_terminal() ? kErase : "",
               static_cast<int>(path.size()), path.data(), reason.message().c_str());
}

progress_line::progress_line(const totals& so_far) : so_far_(so_far), wanted_(is_terminal()) {}

void progress_line::draw(int goroutines) {
  if (!wanted_) return;
  using seconds = std::chrono::duration<double>;
  const double elapsed = seconds(std::chrono::steady_clock::now() - start_).count();
  const double megabytes = static_cast<double>(so_far_.bytes.load(std::memory_order_relaxed)) / 1e6;
  const std::uint64_t files = so_far_.files.load(std::memory_order_relaxed);
  std::string who;
  if (goroutines > 0) who = ", " + std::to_string(goroutines) + " goroutines";
  std::fprintf(stderr, "%s%" PRIu64 " files, %.1f MB, %.1f MB/s%s", kErase, files, megabytes,
               elapsed > 0 ? megabytes / elapsed : 0.0, who.c_str());
  drawn_ = true;
}

void progress_line::erase() {
  if (drawn_) std::fputs(kErase, stderr);
  drawn_ = false;
}

}  // namespace textindex
