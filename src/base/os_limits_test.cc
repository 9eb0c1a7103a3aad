// Quotas of control groups, read from trees of files as the kernel shows them.
//
// Not here: affinity and the number of threads of this process (os_linux_test.cc).
#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/os_linux.h"

namespace os = gort::base::os;

namespace {

// A /proc and /sys of our own.
class Machine {
 public:
  Machine() {
    char path[] = "/tmp/gort_limits_XXXXXX";
    root_ = ::mkdtemp(path);
  }
  ~Machine() { std::filesystem::remove_all(root_); }

  void has(const std::string& path, const std::string& text) {
    const std::filesystem::path file = root_ + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  void is_in(const std::string& groups) { has("/proc/self/cgroup", groups); }
  double limit() const { return os::cgroup_cpu_limit(root_.c_str()); }

 private:
  std::string root_;
};

}  // namespace

TEST_CASE("the quota of a control group is a number of CPUs") {
  Machine machine;
  machine.is_in("0::/work\n");
  machine.has("/sys/fs/cgroup/work/cpu.max", "150000 100000\n");
  CHECK(machine.limit() == doctest::Approx(1.5));
}

TEST_CASE("a group without a quota, or without files, is unlimited") {
  Machine machine;
  CHECK(machine.limit() == 0);
  machine.is_in("0::/work\n");
  CHECK(machine.limit() == 0);
  machine.has("/sys/fs/cgroup/work/cpu.max", "max 100000\n");
  CHECK(machine.limit() == 0);
}

TEST_CASE("the smallest quota on the way up counts") {
  Machine machine;
  machine.is_in("0::/a/b/c\n");
  machine.has("/sys/fs/cgroup/a/b/c/cpu.max", "400000 100000\n");
  machine.has("/sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
  machine.has("/sys/fs/cgroup/a/cpu.max", "250000 100000\n");
  CHECK(machine.limit() == doctest::Approx(2.5));
  machine.has("/sys/fs/cgroup/cpu.max", "50000 100000\n");  // a container's own, seen from inside
  CHECK(machine.limit() == doctest::Approx(0.5));
}

TEST_CASE("version 1 of control groups is read where the cpu controller is, not cpuset's") {
  Machine machine;
  machine.is_in("5:cpuset:/elsewhere\n4:cpu,cpuacct:/work/deep\n1:name=systemd:/user\n");
  machine.has("/sys/fs/cgroup/cpu/elsewhere/cpu.cfs_quota_us", "100000\n");
  machine.has("/sys/fs/cgroup/cpu/elsewhere/cpu.cfs_period_us", "100000\n");
  CHECK(machine.limit() == 0);
  machine.has("/sys/fs/cgroup/cpu/work/deep/cpu.cfs_quota_us", "-1\n");
  machine.has("/sys/fs/cgroup/cpu/work/deep/cpu.cfs_period_us", "100000\n");
  CHECK(machine.limit() == 0);
  machine.has("/sys/fs/cgroup/cpu/work/cpu.cfs_quota_us", "300000\n");
  machine.has("/sys/fs/cgroup/cpu/work/cpu.cfs_period_us", "100000\n");
  CHECK(machine.limit() == doctest::Approx(3.0));
}

TEST_CASE("files that make no sense are as good as none") {
  Machine machine;
  machine.is_in("nonsense\n0::\n");
  machine.has("/sys/fs/cgroup/cpu.max", "nonsense\n");
  CHECK(machine.limit() == 0);
  machine.has("/sys/fs/cgroup/cpu.max", "100000 0\n");
  CHECK(machine.limit() == 0);
}
