// Tests of what gort asks of the kernel, on whatever kernel this is.
//
// Features that old kernels lack have fallbacks behind the same function, so the promises tested
// hold everywhere.
// Not here: who uses them (sched/stack_arena.cc, sched/world.cc).
#include "base/os_linux.h"

#include <doctest/doctest.h>

#include <sched.h>

#include <cstring>
#include <latch>
#include <thread>

#include "base/child_process.h"

using namespace gort::base;

TEST_CASE("reserved memory reads as zero, keeps what is written, and forgets what is discarded") {
  const std::size_t page = os::page_bytes();
  CHECK((page & (page - 1)) == 0);
  auto* memory = static_cast<char*>(os::reserve(16 * page));
  CHECK(memory != nullptr);
  CHECK(memory[5 * page] == 0);
  memory[3 * page] = 'x';
  memory[4 * page] = 'y';
  os::discard(memory + 3 * page, page);
  CHECK(memory[3 * page] == 0);
  CHECK(memory[4 * page] == 'y');
  os::unmap(memory, 16 * page);
}

TEST_CASE("more address space than there is cannot be reserved") {
  CHECK(os::reserve(std::size_t{1} << 60) == nullptr);
}

TEST_CASE("resident_bytes sees what was touched and touches nothing") {
  const std::size_t page = os::page_bytes();
  constexpr std::size_t kPages = 600;  // more than one call's worth
  auto* memory = static_cast<char*>(os::reserve(kPages * page));
  os::forbid_huge_pages(memory, kPages * page);
  CHECK(os::resident_bytes(memory, kPages * page) == 0);
  CHECK(os::resident_bytes(memory, kPages * page) == 0);
  memory[0] = 1;
  memory[299 * page] = 1;
  memory[599 * page] = 1;
  CHECK(os::resident_bytes(memory, kPages * page) == 3 * page);
  CHECK(os::resident_bytes(memory + page, 500 * page) == page);
  os::discard(memory, kPages * page);
  CHECK(os::resident_bytes(memory, kPages * page) == 0);
  os::unmap(memory, kPages * page);
}

TEST_CASE("a touched guard is SIGSEGV, around it all is usable, and it can be removed") {
  const std::size_t page = os::page_bytes();
  auto* memory = static_cast<char*>(os::reserve(64 * page));
  CHECK(os::install_guard(memory + 16 * page, 16 * page));
  memory[16 * page - 1] = 1;
  memory[32 * page] = 1;
  for (const std::size_t at : {16 * page, 31 * page + 7}) {
    CHECK(gort_test::in_child([&] { return memory[at] = 1, 0; }).signal == SIGSEGV);
    CHECK(gort_test::in_child([&] {
            return static_cast<volatile char*>(memory)[at] == 0 ? 0 : 1;
          }).signal == SIGSEGV);
  }
  os::remove_guard(memory + 16 * page, 16 * page);
  memory[16 * page] = 1;
  CHECK(memory[31 * page] == 0);
  os::unmap(memory, 64 * page);
}

TEST_CASE("the process-wide barrier can be executed") {
  os::process_barrier();
  os::process_barrier();
  CHECK(os::has_process_barrier() == os::has_process_barrier());
}

TEST_CASE("threads are counted, also where an emulator makes up the process's statistics") {
  const int before = os::count_threads();
  CHECK(before >= 1);
  std::latch counted(1);
  std::thread one([&] { counted.wait(); });
  std::thread two([&] { counted.wait(); });
  CHECK(os::count_threads() == before + 2);
  counted.count_down();
  one.join();
  two.join();
}

TEST_CASE("a thread's CPU time grows while it computes") {
  const pid_t self = os::thread_id();
  const std::int64_t before = os::thread_cpu_ns(self);
  CHECK(before >= 0);
  const std::int64_t enough = before + 1'000'000;
  while (os::thread_cpu_ns(self) < enough) {
  }
  CHECK(os::thread_cpu_ns(self) >= enough);
}

TEST_CASE("a nap lasts at least as long as asked") {
  const std::int64_t start = os::monotonic_ns();
  os::nap(1'000'000);
  CHECK(os::monotonic_ns() - start >= 1'000'000);
}

TEST_CASE("the CPUs that may be used are those of the affinity mask") {
  CHECK(os::affinity_cpus() >= 1);
  std::thread([] {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(::sched_getcpu(), &one);
    CHECK(::sched_setaffinity(0, sizeof one, &one) == 0);
    CHECK(os::affinity_cpus() == 1);
  }).join();
}

TEST_CASE("the control group's CPU limit is a number of CPUs, or none") {
  const double limit = os::cgroup_cpu_limit();
  CHECK(limit >= 0);
  CHECK(limit < 1e6);
}
