// The kernel's side: system calls and their fallbacks.
//
// Probing is by trying on first use; the answers are kept in relaxed atomics because every thread
// would find the same. Runs on any thread, on any stack; remove_guard and install_guard also run
// in the SIGSEGV handler that grows a stack, so they are plain system calls.
// Not here: cgroup and affinity parsing (os_limits.cc).
#include "base/os_linux.h"

#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "base/assert.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#define MADV_GUARD_REMOVE 103
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif

namespace gort::base::os {
namespace {

enum : int { kUnknown = 0, kYes = 1, kNo = 2 };
std::atomic<int> guard_support{kUnknown};
std::atomic<int> barrier_support{kUnknown};

// Signal handlers and alternate stacks use little; user code never runs on a thread's own stack.
constexpr std::size_t kThreadStackBytes = 256 << 10;

}  // namespace

std::size_t page_bytes() {
  static const std::size_t bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return bytes;
}

std::int64_t monotonic_ns() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

pid_t thread_id() { return static_cast<pid_t>(::syscall(SYS_gettid)); }

void* reserve(std::size_t bytes, void* hint) {
  void* memory = ::mmap(hint, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

void* map_or_die(std::size_t bytes) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) fatal(FatalScope::current, "out of memory");
  return memory;
}

void unmap(void* address, std::size_t bytes) { ::munmap(address, bytes); }
bool discard(void* address, std::size_t bytes) {
  return ::madvise(address, bytes, MADV_DONTNEED) == 0;
}
void exclude_from_core(void* address, std::size_t bytes) {
  ::madvise(address, bytes, MADV_DONTDUMP);
}
void include_in_core(void* address, std::size_t bytes) { ::madvise(address, bytes, MADV_DODUMP); }
void allow_huge_pages(void* address, std::size_t bytes) {
  ::madvise(address, bytes, MADV_HUGEPAGE);
}

void forbid_huge_pages(void* address, std::size_t bytes) {
  ::madvise(address, bytes, MADV_NOHUGEPAGE);
}

void name_mapping(void* address, std::size_t bytes, const char* name) {
  ::prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, address, bytes, name);
}

bool install_guard(void* address, std::size_t bytes) {
  // An emulator may answer 0 to any advice, also to one that does not exist: its word means
  // nothing.
  constexpr int kNoSuchAdvice = 0x7fff;
  if (guard_support.load(std::memory_order_relaxed) == kUnknown &&
      ::madvise(address, bytes, kNoSuchAdvice) == 0) {
    guard_support.store(kNo, std::memory_order_relaxed);
  }
  if (guard_support.load(std::memory_order_relaxed) != kNo) {
    for (;;) {
      if (::madvise(address, bytes, MADV_GUARD_INSTALL) == 0) {
        guard_support.store(kYes, std::memory_order_relaxed);
        return true;
      }
      if (errno != EINTR && errno != EAGAIN) break;
    }
    if (errno != EINVAL && errno != ENOSYS) return false;
    guard_support.store(kNo, std::memory_order_relaxed);
  }
  return ::mprotect(address, bytes, PROT_NONE) == 0;
}

namespace {

std::atomic<int> vector_support{kUnknown};
constexpr std::size_t kMaxVector = 64;

// Advice for many ranges at once; false if the kernel or a sandbox does not offer it.
bool advise_all(void* const* addresses, std::size_t count, std::size_t bytes, int advice) {
  if (vector_support.load(std::memory_order_relaxed) == kNo || count > kMaxVector) return false;
  static const int self = static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0));
  iovec ranges[kMaxVector];
  for (std::size_t i = 0; i < count; ++i) ranges[i] = {addresses[i], bytes};
  const long done = self < 0 ? -1 : ::syscall(SYS_process_madvise, self, ranges, count, advice, 0);
  if (done == static_cast<long>(count * bytes)) return true;
  if (done < 0) vector_support.store(kNo, std::memory_order_relaxed);
  return false;
}

}  // namespace

bool install_guards(void* const* addresses, std::size_t count, std::size_t bytes) {
  if (guards_are_free() && advise_all(addresses, count, bytes, MADV_GUARD_INSTALL)) return true;
  bool all = true;
  for (std::size_t i = 0; i < count; ++i) all &= install_guard(addresses[i], bytes);
  return all;
}

void populate(void* const* addresses, std::size_t count, std::size_t bytes) {
  advise_all(addresses, count, bytes, MADV_POPULATE_WRITE);
}

void remove_guard(void* address, std::size_t bytes) {
  if (guard_support.load(std::memory_order_relaxed) == kYes) {
    ::madvise(address, bytes, MADV_GUARD_REMOVE);
  } else {
    ::mprotect(address, bytes, PROT_READ | PROT_WRITE);
  }
}

bool guards_are_free() { return guard_support.load(std::memory_order_relaxed) == kYes; }

std::size_t resident_bytes(const void* address, std::size_t bytes) {
  unsigned char pages[256];
  const std::size_t page = page_bytes();
  auto at = reinterpret_cast<std::uintptr_t>(address);
  const std::uintptr_t end = at + bytes;
  std::size_t resident = 0;
  while (at < end) {
    const std::size_t count = (end - at) / page < 256 ? (end - at) / page : 256;
    if (::mincore(reinterpret_cast<void*>(at), count * page, pages) != 0) break;
    for (std::size_t i = 0; i < count; ++i) resident += (pages[i] & 1) != 0 ? page : 0;
    at += count * page;
  }
  return resident;
}

int start_thread(void* (*entry)(void*), void* argument) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, kThreadStackBytes);
  pthread_t thread;
  const int error = ::pthread_create(&thread, &attributes, entry, argument);
  pthread_attr_destroy(&attributes);
  return error;
}

bool has_process_barrier() {
  int known = barrier_support.load(std::memory_order_relaxed);
  if (known == kUnknown) {
    const long done = ::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
    known = done == 0 ? kYes : kNo;
    barrier_support.store(known, std::memory_order_relaxed);
  }
  return known == kYes;
}

void process_barrier() {
  if (has_process_barrier()) {
    GORT_CHECK(::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0);
  } else {
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
}

std::int64_t thread_cpu_ns(pid_t thread) {
  // The kernel's encoding of "the CPU clock of that thread", as pthread_getcpuclockid makes it.
  const auto clock = static_cast<clockid_t>((~static_cast<unsigned>(thread) << 3) | 6u);
  timespec used;
  if (::clock_gettime(clock, &used) != 0) return -1;
  return std::int64_t{used.tv_sec} * 1'000'000'000 + used.tv_nsec;
}

void give_way() { ::sched_yield(); }

void nap(std::int64_t duration_ns) {
  timespec pause{duration_ns / 1'000'000'000, duration_ns % 1'000'000'000};
  ::nanosleep(&pause, nullptr);
}

}  // namespace gort::base::os
