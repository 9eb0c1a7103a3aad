// Standard error: complaints, and a progress line if somebody is there to see it.
#pragma once

#include <chrono>
#include <string_view>
#include <system_error>

#include "totals.h"

namespace textindex {

// "textindex: PATH: REASON", without tearing the progress line. Any goroutine or thread.
void complain(std::string_view path, std::error_code reason);

// One line that rewrites itself; nothing at all when standard error is no terminal.
// One goroutine at a time.
class progress_line {
 public:
  static constexpr std::chrono::milliseconds kInterval{100};

  explicit progress_line(const totals& so_far);
  ~progress_line() { erase(); }
  progress_line(const progress_line&) = delete;
  progress_line& operator=(const progress_line&) = delete;

  bool wanted() const { return wanted_; }

  // `goroutines`: how many there are now, or 0 not to mention them.
  void draw(int goroutines);
  void erase();

 private:
  const totals& so_far_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  const bool wanted_;
  bool drawn_ = false;
};

}  // namespace textindex
