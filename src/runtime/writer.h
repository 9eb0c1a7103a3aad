// Where a dump goes: stderr of a dying process, or a stream of a living one.
//
// The first writes every line at once with write(2), so that nothing is lost when the process ends
// in the middle; the second is the user's and may throw. Runs on the thread that prints. Not here:
// what is written (traceback.cc, dump.cc).
#pragma once

#include <cstdarg>
#include <cstdio>
#include <ostream>
#include <string_view>

#include "base/assert.h"

namespace gort::runtime {

class Writer {
 public:
  virtual void write(std::string_view text) = 0;

  // For what is short; text of any length goes through write.
  [[gnu::format(printf, 2, 3)]] void print(const char* format, ...) {
    char buffer[256];
    va_list arguments;
    va_start(arguments, format);
    const int length = std::vsnprintf(buffer, sizeof buffer, format, arguments);
    va_end(arguments);
    if (length <= 0) return;
    const auto bytes = static_cast<std::size_t>(length);
    write({buffer, bytes < sizeof buffer ? bytes : sizeof buffer - 1});
  }

 protected:
  ~Writer() = default;
};

class StderrWriter final : public Writer {
 public:
  void write(std::string_view text) override {
    while (!text.empty()) {  // write_stderr's buffer is bounded
      const std::string_view part = text.substr(0, 512);
      base::write_stderr("%.*s", static_cast<int>(part.size()), part.data());
      text.remove_prefix(part.size());
    }
  }
};

class StreamWriter final : public Writer {
 public:
  explicit StreamWriter(std::ostream& out) : out_(out) {}
  void write(std::string_view text) override {
    out_.write(text.data(), static_cast<std::streamsize>(text.size()));
  }

 private:
  std::ostream& out_;
};

}  // namespace gort::runtime
