// How many CPUs this process may use: its affinity mask and its control group's quota.
//
// A container limits CPU by quota, not by hiding CPUs; running more threads than the quota allows
// makes the kernel throttle all of them at once. Both cgroup versions are read: v2's cpu.max up the
// hierarchy of the process, v1's cpu.cfs_quota_us at the usual mount. Runs at start and, once a
// second at most, on the monitor thread. Not here: what follows from it (runtime/options.cc).
#include <sched.h>

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

// The path of this process in the unified hierarchy ("0::/a/b"), or in v1's cpu hierarchy.
std::string cgroup_path(bool unified) {
  File file(std::fopen("/proc/self/cgroup", "re"));
  char line[512];
  while (file && std::fgets(line, sizeof line, file.get()) != nullptr) {
    line[std::strcspn(line, "\n")] = '\0';
    const bool is_unified = std::strncmp(line, "0::", 3) == 0;
    if (unified && is_unified) return line + 3;
    if (!unified && std::strstr(line, "cpu") != nullptr) {
      if (const char* path = std::strrchr(line, ':')) return path + 1;
    }
  }
  return "/";
}

double smaller_limit(double a, double b) { return a == 0 ? b : b == 0 ? a : (a < b ? a : b); }

double unified_limit() {
  std::string path = cgroup_path(true);
  double limit = 0;
  for (;;) {
    double quota = 0, period = 0;
    const std::string text = first_line("/sys/fs/cgroup" + path + "/cpu.max");
    if (std::sscanf(text.c_str(), "%lf %lf", &quota, &period) == 2 && period > 0) {
      limit = smaller_limit(limit, quota / period);
    }
    const std::size_t slash = path.find_last_of('/');
    if (slash == std::string::npos || path.size() <= 1) return limit;
    path.resize(slash == 0 ? 1 : slash);
  }
}

double legacy_limit() {
  const std::string base = "/sys/fs/cgroup/cpu" + cgroup_path(false);
  for (const std::string& folder : {base, std::string("/sys/fs/cgroup/cpu")}) {
    double quota = 0, period = 0;
    if (std::sscanf(first_line(folder + "/cpu.cfs_quota_us").c_str(), "%lf", &quota) == 1 &&
        std::sscanf(first_line(folder + "/cpu.cfs_period_us").c_str(), "%lf", &period) == 1 &&
        quota > 0 && period > 0) {
      return quota / period;
    }
  }
  return 0;
}

}  // namespace

int count_threads() {
  // "pid (name) state ppid ..." with num_threads as the 20th field; the name may contain anything.
  const std::string stat = first_line("/proc/self/stat");
  const char* at = std::strrchr(stat.c_str(), ')');
  int threads = 0;
  if (at == nullptr || std::sscanf(at + 1,
                                   " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u "
                                   "%*d %*d %*d %*d %d",
                                   &threads) != 1) {
    return 0;
  }
  return threads;
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

double cgroup_cpu_limit() {
  const double limit = unified_limit();
  return limit != 0 ? limit : legacy_limit();
}

}  // namespace gort::base::os
