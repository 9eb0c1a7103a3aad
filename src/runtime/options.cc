// The five variables, their grammars, and the error that a bad one is.
//
// Numbers are decimal digits and nothing else: no sign but where it means something, no spaces, no
// silent overflow. Runs at boot on the thread that started the runtime. Not here: config of run
// (run.cc).
#include "runtime/options.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/assert.h"
#include "base/os_linux.h"

namespace gort::runtime {
namespace {

// Digits from the front of `text`; false without any, or when the number is beyond int64.
bool take_number(std::string_view& text, std::int64_t& value) {
  std::size_t digits = 0;
  value = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    if (__builtin_mul_overflow(value, std::int64_t{10}, &value) ||
        __builtin_add_overflow(value, std::int64_t{text[digits] - '0'}, &value)) {
      return false;
    }
  }
  text.remove_prefix(digits);
  return digits > 0;
}

bool whole_number(std::string_view text, std::int64_t most, std::int64_t& value) {
  return take_number(text, value) && text.empty() && value <= most;
}

struct Variable {
  const char* name;
  const char* (*parse)(const char* text, Options& options);
};
constexpr Variable kVariables[] = {
    {"GOMAXPROCS", parse_maxprocs},     {"GOGC", parse_gc_percent},
    {"GOMEMLIMIT", parse_memory_limit}, {"GOTRACEBACK", parse_traceback},
    {"GODEBUG", parse_debug},
};

}  // namespace

const char* parse_maxprocs(const char* text, Options& options) {
  std::int64_t value;
  if (!whole_number(text, INT32_MAX, value) || value == 0) return "want a positive integer";
  options.maxprocs = static_cast<int>(value < kMostProcessors ? value : kMostProcessors);
  return nullptr;
}

const char* parse_gc_percent(const char* text, Options& options) {
  std::int64_t value = 0;
  const bool negative = *text == '-';  // which is off, too
  const bool off = std::strcmp(text, "off") == 0;
  if (!off && !whole_number(text + negative, INT32_MAX, value)) return "want a percentage, or off";
  options.gc_percent = off || (negative && value != 0) ? -1 : static_cast<int>(value);
  return nullptr;
}

const char* parse_memory_limit(const char* text, Options& options) {
  static constexpr const char* kWanted =
      "want a number of bytes with an optional unit B, KiB, MiB, GiB or TiB, or off";
  if (std::strcmp(text, "off") == 0) {
    options.memory_limit = INT64_MAX;
    return nullptr;
  }
  static constexpr std::string_view kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::string_view rest = text;
  std::int64_t value;
  if (!take_number(rest, value)) return kWanted;
  std::int64_t factor = 1;
  bool known = rest.empty();
  for (const std::string_view unit : kUnits) {
    if (rest == unit) {
      known = true;
      break;
    }
    if (!known) factor *= 1024;
  }
  if (!known || __builtin_mul_overflow(value, rest.empty() ? 1 : factor, &value)) return kWanted;
  options.memory_limit = value;
  return nullptr;
}

const char* parse_traceback(const char* text, Options& options) {
  static constexpr struct {
    const char* name;
    Traceback level;
    bool crash;
  } kLevels[] = {
      {"none", Traceback::none, false},     {"0", Traceback::none, false},
      {"single", Traceback::single, false}, {"all", Traceback::all, false},
      {"1", Traceback::all, false},         {"system", Traceback::system, false},
      {"2", Traceback::system, false},      {"crash", Traceback::system, true},
  };
  for (const auto& level : kLevels) {
    if (std::strcmp(text, level.name) == 0) {
      options.traceback = level.level;
      options.crash = level.crash;
      return nullptr;
    }
  }
  return "want none, single, all, system, crash, 0, 1 or 2";
}

const char* parse_debug(const char* text, Options& options) {
  std::string_view rest = text;
  for (;;) {
    const std::size_t comma = rest.find(',');
    const std::string_view setting = rest.substr(0, comma);
    const std::size_t equals = setting.find('=');
    if (equals == 0 || equals == std::string_view::npos) {
      return "want name=value settings, separated by commas";
    }
    const std::string_view name = setting.substr(0, equals);
    const std::string_view given = setting.substr(equals + 1);
    std::int64_t value;
    if (name == "schedtrace") {
      if (!whole_number(given, INT32_MAX, value)) return "want schedtrace=MILLISECONDS";
      options.schedtrace_ms = value;
    } else if (name == "gctrace") {
      if (!whole_number(given, INT32_MAX, value)) return "want gctrace=0, 1 or more";
      options.gctrace = static_cast<int>(value);
    }  // names that only Go knows are none of our business, as Go ignores those it does not know
    if (comma == std::string_view::npos) return nullptr;
    rest.remove_prefix(comma + 1);
  }
}

Options options_from_environment() {
  Options options;
  for (const Variable& variable : kVariables) {
    const char* text = std::getenv(variable.name);
    if (text == nullptr || *text == '\0') continue;
    if (const char* wanted = variable.parse(text, options)) {
      base::write_stderr("gort: %s=\"%s\": %s\n", variable.name, text, wanted);
      std::_Exit(2);
    }
  }
  return options;
}

Options& options() {
  static Options current;
  return current;
}

int default_maxprocs() {
  if (options().maxprocs > 0) return options().maxprocs;
  int count = base::os::affinity_cpus();
  const double quota = base::os::cgroup_cpu_limit();
  if (quota > 0) {
    // A quota below 2 still gets 2, as in Go: with one processor a hog delays everybody by its
    // slice.
    const double rounded = std::ceil(quota);
    const int most = rounded < 2                 ? 2
                     : rounded > kMostProcessors ? kMostProcessors
                                                 : static_cast<int>(rounded);
    if (count > most) count = most;
  }
  return count < kMostProcessors ? count : kMostProcessors;
}

}  // namespace gort::runtime
