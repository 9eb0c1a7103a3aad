// How many CPUs this process may use: its affinity mask and its control group's quota.
//
// A container limits CPU by quota, not by hiding CPUs; running more threads than the quota allows
// makes the kernel throttle all of them at once. Both cgroup versions are read: v2's cpu.max up the
// hierarchy of the process, v1's cpu.cfs_quota_us at the usual mount, each with the groups above.
// Runs at start and, once a second at most, on the monitor thread. Not here: what follows from it
// (runtime/options.cc).
#include <sched.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

#include "base/os_linux.h"

namespace gort::base::os {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

std::string first_line(const std::string& path) {
  File file(std::fopen(path.c_str(), "re"));
  char line[512] = "";
  if (!file || std::fgets(line, sizeof line, file.get()) == nullptr) return {};
  return line;
}

// True if the comma-separated `controllers` contain "cpu"; "cpuset" and "cpuacct" are others.
bool has_cpu_controller(const std::string& controllers) {
  return ("," + controllers + ",").find(",cpu,") != std::string::npos;
}

// The path of this process in the unified hierarchy ("0::/a/b"), or in v1's cpu hierarchy
// ("4:cpu,cpuacct:/a/b").
std::string cgroup_path(const std::string& root, bool unified) {
  File file(std::fopen((root + "/proc/self/cgroup").c_str(), "re"));
  char line[4096];
  while (file && std::fgets(line, sizeof line, file.get()) != nullptr) {
    line[std::strcspn(line, "\n")] = '\0';
    const char* controllers = std::strchr(line, ':');
    const char* path = controllers != nullptr ? std::strchr(controllers + 1, ':') : nullptr;
    if (path == nullptr) continue;
    const std::string names(controllers + 1, path);
    if (unified ? names.empty() : has_cpu_controller(names)) return path + 1;
  }
  return "/";
}

// The folder above, "" above "/".
void go_up(std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  path.resize(path.size() <= 1 || slash == std::string::npos ? 0 : slash == 0 ? 1 : slash);
}

// `limit_of` says of one control group how many CPUs it may use, 0 for any number; each group above
// limits those below it.
template <class LimitOf>
double least_limit(std::string path, LimitOf limit_of) {
  double least = 0;
  for (; !path.empty(); go_up(path)) {
    const double limit = limit_of(path);
    if (limit > 0 && (least == 0 || limit < least)) least = limit;
  }
  return least;
}

double unified_limit(const std::string& root) {
  return least_limit(cgroup_path(root, true), [&](const std::string& path) {
    const std::string text = first_line(root + "/sys/fs/cgroup" + path + "/cpu.max");
    double quota = 0, period = 0;
    const bool limited = std::sscanf(text.c_str(), "%lf %lf", &quota, &period) == 2 && period > 0;
    return limited ? quota / period : 0;
  });
}

double legacy_limit(const std::string& root) {
  return least_limit(cgroup_path(root, false), [&](const std::string& path) {
    const std::string folder = root + "/sys/fs/cgroup/cpu" + path;
    double quota = 0, period = 0;
    const bool limited =
        std::sscanf(first_line(folder + "/cpu.cfs_quota_us").c_str(), "%lf", &quota) == 1 &&
        std::sscanf(first_line(folder + "/cpu.cfs_period_us").c_str(), "%lf", &period) == 1 &&
        quota > 0 && period > 0;
    return limited ? quota / period : 0;
  });
}

}  // namespace

// Each is a folder of its folder, as its number of links says. The process's line of statistics has
// the number too, but an emulator of another processor makes that line up, and may leave this out.
int count_threads() {
  struct stat threads;
  if (::stat("/proc/self/task", &threads) != 0) return 0;
  return static_cast<int>(threads.st_nlink) - 2;
}

int affinity_cpus() {
  for (int cpus = CPU_SETSIZE; cpus <= CPU_SETSIZE * 64; cpus *= 2) {
    cpu_set_t* set = CPU_ALLOC(static_cast<std::size_t>(cpus));
    const std::size_t bytes = CPU_ALLOC_SIZE(static_cast<std::size_t>(cpus));
    const int failed = ::sched_getaffinity(0, bytes, set);
    const int count = failed ? 0 : CPU_COUNT_S(bytes, set);
    CPU_FREE(set);
    if (!failed) return count > 0 ? count : 1;
  }
  return 1;
}

double cgroup_cpu_limit(const char* root) {
  const double limit = unified_limit(root);
  return limit != 0 ? limit : legacy_limit(root);
}

}  // namespace gort::base::os
