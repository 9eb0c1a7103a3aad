// run, its configuration, and the questions about the whole program.
//
// A configuration is checked before any of it is applied: run either does all that was asked or
// throws and does nothing.
// Runs on any thread. Not here: the main goroutine's life (sched/run.cc), the environment
// (options.cc).
#include "gort/runtime.hpp"

#include <string>

#include "base/os_linux.h"
#include "gort/detail/gc_core.hpp"
#include "gort/error.hpp"
#include "runtime/options.h"
#include "sched/sched.h"
#include "sched/world.h"

namespace gort {
namespace {

// What the frames of the functions that lower the limit may still need below the caller's.
constexpr std::size_t kFrameRoomBytes = 8192;

template <class Number>
void require(bool good, const char* field, const char* wanted, Number given) {
  if (good) return;
  throw runtime_error(std::string("config.") + field + ": want " + wanted + ", got " +
                      std::to_string(given));
}

void check(const config& wanted) {
  require(wanted.maxprocs >= 0 && wanted.maxprocs <= runtime::kMostProcessors, "maxprocs",
          "1 to 1024, or 0 for the default", wanted.maxprocs);
  require(wanted.gc_percent.value_or(0) >= -1, "gc_percent", "a percentage, or -1 for off",
          wanted.gc_percent.value_or(0));
  require(wanted.memory_limit.value_or(0) >= 0, "memory_limit", "a number of bytes",
          wanted.memory_limit.value_or(0));
  require(wanted.stack_limit == 0 || (wanted.stack_limit >= sched::kMinStackLimit &&
                                      wanted.stack_limit <= sched::kMaxStackLimit),
          "stack_limit", "16384 to 1073741824 bytes, or 0 for the default", wanted.stack_limit);
  require(wanted.max_threads >= 0, "max_threads", "a number of threads, or 0 for the default",
          wanted.max_threads);
}

}  // namespace

namespace detail {

void run_main(const config& wanted, closure_entry entry, void* argument) {
  check(wanted);
  if (wanted.maxprocs != 0) gomaxprocs(wanted.maxprocs);
  if (wanted.stack_limit != 0) set_max_stack(wanted.stack_limit);
  if (wanted.max_threads != 0) set_max_threads(wanted.max_threads);
  if (wanted.gc_percent) set_gc_percent(*wanted.gc_percent);
  if (wanted.memory_limit) set_memory_limit(*wanted.memory_limit);
  sched::run_main_goroutine(entry, argument);
}

}  // namespace detail

std::int64_t num_goroutine() {
  sched::Section section;
  return sched::count_goroutines();
}

int num_cpu() {
  static const int cpus = base::os::affinity_cpus();
  return cpus;
}

int gomaxprocs() { return gomaxprocs(0); }

int gomaxprocs(int n) {
  { sched::Section booted; }
  if (n > runtime::kMostProcessors) n = runtime::kMostProcessors;
  const auto& count = sched::scheduler.processor_count;
  if (n < 1) return count.load(std::memory_order_relaxed);
  sched::StoppedWorld world;
  const int before = count.load(std::memory_order_relaxed);
  if (n != before) sched::resize_processors(world.token(), n);
  return before;
}

std::size_t set_max_stack(std::size_t bytes) {
  if (bytes < sched::kMinStackLimit || bytes > sched::kMaxStackLimit) {
    detail::throw_stack_limit(bytes, sched::kMinStackLimit, sched::kMaxStackLimit);
  }
  sched::Section section;
  const std::size_t before = sched::default_stack_limit();
  sched::set_default_stack_limit(bytes);
  sched::Goroutine* self = section.goroutine();
  if (!self->has(sched::kForeign | sched::kOwnLimit)) {
    const auto used =
        static_cast<std::size_t>(self->stack.top - static_cast<char*>(__builtin_frame_address(0)));
    if (used + kFrameRoomBytes <= bytes) sched::limit_stack(self->stack, bytes);
  }
  return before;
}

int set_max_threads(int n) {
  if (n < 1) {
    throw runtime_error("set_max_threads: want at least 1, got " + std::to_string(n));
  }
  sched::Section section;
  const int before = sched::max_threads();
  sched::set_max_threads(n);
  return before;
}

void lock_os_thread() { sched::lock_thread(); }
void unlock_os_thread() { sched::unlock_thread(); }

std::uint64_t goroutine_id() {
  sched::Section section;
  return sched::goroutine_id(section.thread());
}

}  // namespace gort
