// The command line: getopt_long finds the options and words its own complaints, the rest is ours.
//
// A mistake in the command line ends the program with status 2 before it has read anything. So does
// a DIR that does not exist or is no directory: that is a slip of the fingers, and an answer that
// silently left it out would be worse than none. What turns out unreadable later, in the middle of
// the work, is reported there and ends in status 1.
#include "options.h"

#include <getopt.h>
#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace textindex {
namespace {

constexpr const char* kDefaultDirectory = "/usr/include";
constexpr const char* kDefaultExtensions = ",h,hh,hpp,hxx,h++,H,inc,inl,ipp,tcc,tpp,c,cc,cpp,cxx,C";

constexpr const char* kHelp =
    R"(Usage: textindex [OPTION]... [DIR]...
Print the most frequent identifiers of the C and C++ files below each DIR
(default: /usr/include).

  --serial       work in one thread, without goroutines
  --top N        print N identifiers instead of 20
  --lines NAME   print also the files and lines where NAME occurs
  --workers N    goroutines for each of walking, reading and tokenising
                 (default: twice GOMAXPROCS)
  --ext LIST     read files with these extensions only, separated by commas;
                 an empty item stands for names without extension
                 (default: %s)
  --help         print this and exit

An identifier is what a compiler would see: keywords, comments, literals,
numbers and directives do not count. Symbolic links are not followed (a DIR may
be one); files with a NUL byte near their beginning are left out as binary.

The answer is written to standard output: the identifiers by how often they
occur, equally frequent ones by name, then the totals. It is the same in both
modes, byte for byte. What differs from run to run (time, speed, goroutines,
memory) goes to standard error, together with errors and, on a terminal, a
progress line.

Ctrl-C stops the work, prints what has been counted so far and says so on
standard error; a second Ctrl-C ends the program at once.

Exit status: 0, or 1 if a file or directory could not be read, 2 if the command
line is wrong, 130 after Ctrl-C.
)";

[[noreturn]] void usage_error(const std::string& message) {
  if (!message.empty()) std::fprintf(stderr, "textindex: %s\n", message.c_str());
  std::fputs("Try 'textindex --help' for more information.\n", stderr);
  std::exit(2);
}

int parse_number(const char* option, std::string_view text, int lowest, int highest) {
  int value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end || value < lowest || value > highest) {
    usage_error(std::string(option) + " takes a number from " + std::to_string(lowest) + " to " +
                std::to_string(highest) + ", not '" + std::string(text) + "'");
  }
  return value;
}

// ".h" is taken for "h": both are natural to write.
std::vector<std::string> split_extensions(std::string_view list) {
  std::vector<std::string> items;
  for (;;) {
    const std::size_t comma = list.find(',');
    std::string_view item = list.substr(0, comma);
    if (item.starts_with('.')) item.remove_prefix(1);
    items.emplace_back(item);
    if (comma == std::string_view::npos) return items;
    list.remove_prefix(comma + 1);
  }
}

void check_directory(const std::string& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) != 0) usage_error(path + ": " + std::strerror(errno));
  if (!S_ISDIR(status.st_mode)) usage_error(path + ": " + std::strerror(ENOTDIR));
}

}  // namespace

options parse_options(int argc, char** argv) {
  enum { kSerial = 1, kTop, kLines, kWorkers, kExt, kHelpOption };
  static const option kOptions[] = {
      {"serial", no_argument, nullptr, kSerial},         {"top", required_argument, nullptr, kTop},
      {"workers", required_argument, nullptr, kWorkers}, {"ext", required_argument, nullptr, kExt},
      {"lines", required_argument, nullptr, kLines},
      {"help", no_argument, nullptr, kHelpOption},
      {nullptr, 0, nullptr, 0},
  };
  options result;
  result.extensions = split_extensions(kDefaultExtensions);
  for (int chosen; (chosen = getopt_long(argc, argv, "", kOptions, nullptr)) != -1;) {
    switch (chosen) {
      case kSerial: result.serial = true; break;
      case kTop: result.top = parse_number("--top", optarg, 0, 1'000'000'000); break;
      case kLines: result.lines_of = optarg; break;
      case kWorkers: result.workers = parse_number("--workers", optarg, 1, 1000); break;
      case kExt: result.extensions = split_extensions(optarg); break;
      case kHelpOption: std::printf(kHelp, kDefaultExtensions); std::exit(0);
      default: usage_error("");  // getopt_long has said what is wrong
    }
  }
  result.directories.assign(argv + optind, argv + argc);
  if (result.directories.empty()) result.directories.push_back(kDefaultDirectory);
  for (const std::string& directory : result.directories) check_directory(directory);
  return result;
}

}  // namespace textindex
