// Thread records, OS threads for them, and foreign threads.
//
// Records are never freed: a record whose OS thread has ended is reused. A foreign thread is
// attached by its first entry and detached by a pthread key's destructor; between the two
// exclusive_runtime is off, which takes a stopped world, some ten microseconds once per foreign
// thread. The one that waits in run() stays attached, as goroutines use what is on its stack, but
// is set aside (stay_aside).
//
// The scheduler itself is started by the first entry of all. The environment is runtime/'s
// business: the weak function gort_runtime_boot is this folder's question "who configures me?",
// answered when runtime/ is linked. Runs outside the runtime. Not here: the loop that the threads
// run (loop.cc).
#include "sched/attach.h"

#include <cxxabi.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstdio>
#include <new>
#include <utility>

#include "base/event.h"
#include "sched/deadlock.h"
#include "sched/halt_signal.h"
#include "sched/idle.h"
#include "sched/loop.h"
#include "sched/pick.h"
#include "sched/resume.h"
#include "sched/safepoint.h"
#include "sched/sanitizer.h"
#include "sched/sched.h"
#include "sched/world.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

extern "C" [[gnu::weak]] void gort_runtime_boot();

namespace gort::sched {
namespace {

pthread_key_t detach_key;
std::atomic<int> boot_state{0};  // 0 not yet, 1 under way, 2 done

constexpr std::size_t kSignalStackBytes = std::size_t{64} << 10;
constexpr std::size_t kRecordChunkBytes = std::size_t{64} << 10;

// Every thread needs one: a goroutine that overflows its stack has none left for the handler.
void install_signal_stack(Thread* thread) {
  stack_t stack{};
  ::sigaltstack(nullptr, &stack);
  if (!(stack.ss_flags & SS_DISABLE) && stack.ss_size >= kSignalStackBytes / 2) return;
  thread->signal_stack = stack.ss_sp = base::os::map_or_die(kSignalStackBytes);
  stack.ss_size = kSignalStackBytes;
  stack.ss_flags = 0;
  ::sigaltstack(&stack, nullptr);
}

void release_signal_stack(void* signal_stack) {
  if (signal_stack == nullptr) return;  // it had its own
  stack_t none{};
  none.ss_flags = SS_DISABLE;
  ::sigaltstack(&none, nullptr);
  base::os::unmap(signal_stack, kSignalStackBytes);
}

// What belongs to the OS thread that uses the record. On gort's own threads nothing of a user is on
// the stack that they were started with.
void bind_to_os_thread(Thread* thread, const ThreadMemory& memory, bool foreign) {
  thread->tid.store(base::os::thread_id(), std::memory_order_relaxed);
  thread->exceptions = reinterpret_cast<ExceptionState*>(abi::__cxa_get_globals());
#if defined(__SANITIZE_THREAD__)
  thread->sanitizer_fiber = __tsan_get_current_fiber();
#endif
  thread->stack_low = memory.stack.low;
  thread->stack_bytes = static_cast<std::size_t>(memory.stack.high - memory.stack.low);
  if (foreign) thread->stack_memory.set(memory.stack);
  thread->stack_grows = memory.grows;
  thread->locals_memory.set(memory.locals);
  install_signal_stack(thread);
  unblock_signal();
  base::set_current_thread(thread);
  thread->bound.store(true, std::memory_order_release);  // pairs with HaltedThreads
}

void unbind(Thread* thread) {
  thread->bound.store(false, std::memory_order_relaxed);
  thread->stack_memory.set({});
  thread->locals_memory.set({});
  thread->tid.store(0, std::memory_order_relaxed);
  thread->current = nullptr;
  thread->started = false;
  base::set_current_thread(&gort_unattached_thread);
}

void* run_thread(void* argument) {
  auto* thread = static_cast<Thread*>(argument);
  bind_to_os_thread(thread, find_thread_memory(), false);
  enter_scheduler(thread);
  attach_assigned(thread);
  scheduler_loop(thread);
  return nullptr;
}

void forget_foreign_thread(void* argument) {
  auto* thread = static_cast<Thread*>(argument);
  if (thread->stand_in.extra != nullptr) {
    destroy_locals(&thread->stand_in);  // user code, which may still call gort
    delete thread->stand_in.extra;
    thread->stand_in.extra = nullptr;
  }
  void* const signal_stack = thread->signal_stack;
  {
    // Attached until others can see that it is not: a halt that comes first finds it here.
    StoppedWorld world;
    base::Guard guard(scheduler.lock);
    scheduler.foreign_count.fetch_sub(1, std::memory_order_relaxed);
    thread->stand_in.status.store(Status::free, std::memory_order_relaxed);
    thread->own_cache = std::exchange(thread->cache, nullptr);
    update_exclusive(world.token());
    unbind(thread);
  }
  suspect_deadlock();  // others may wait that it could have woken
  release_signal_stack(signal_stack);
}

void become_foreign_locked(Thread* thread, const StoppedWorld& world) {
  scheduler.foreign_count.fetch_add(1, std::memory_order_relaxed);
  update_exclusive(world.token());
  thread->stand_in.set(kForeign);
  thread->stand_in.status.store(Status::running, std::memory_order_relaxed);
  thread->current = &thread->stand_in;
  thread->stand_in.locked_thread = thread;
  thread->stand_in.scanned.store(scan_epoch.load(std::memory_order_relaxed),
                                 std::memory_order_relaxed);
  thread->cache = std::exchange(thread->own_cache, nullptr);
}

void boot_defaults() {
  BootOptions options;
  options.processors = base::os::affinity_cpus();
  boot(options);
}

}  // namespace

constinit base::NeverDestroyed<Scheduler> scheduler_storage;

extern "C" {
constinit Thread gort_unattached_thread{kUnattached};
}

namespace {

// From a mapping: whoever holds the scheduler's lock must not wait for malloc's, as those who let
// the world go on while others are halted, maybe in malloc, need it ([HT1] in halt.h).
Thread* make_record_locked() {
  static char* at = nullptr;
  static std::size_t left = 0;
  if (left < sizeof(Thread)) {
    left = kRecordChunkBytes;
    at = static_cast<char*>(base::os::map_or_die(left));
#if defined(__SANITIZE_ADDRESS__)
    __lsan_register_root_region(at, left);
#endif
  }
  left -= sizeof(Thread);
  return new (std::exchange(at, at + sizeof(Thread))) Thread();
}

}  // namespace

Thread* new_thread_locked() {
  for (Thread* thread = scheduler.all_threads; thread != nullptr; thread = thread->all_next) {
    if (!thread->started && thread->inside.load(std::memory_order_relaxed) == 0) {
      thread->started = true;
      thread->exiting = false;
      thread->signal_stack = nullptr;
      thread->attention.fetch_and(kClaimed | kSimulated, std::memory_order_relaxed);
      return thread;
    }
  }
  Thread* const thread = make_record_locked();
  thread->started = true;
  thread->attention.store(
      (base::simulated() != nullptr || entry_needs_fence ? std::uint32_t{kSimulated} : 0) |
          (world_is_stopped_locked() ? std::uint32_t{kClaimed} : 0),
      std::memory_order_relaxed);
  thread->all_next = scheduler.all_threads;
  scheduler.all_threads = thread;
  return thread;
}

void launch(Assignment assignment) {
  Thread* const thread = assignment.thread;
  if (!assignment.fresh) {
    base::wake(thread->wake_word);  // of a record that is never freed: late, it is a spurious one
    return;
  }
  int count;
  {
    base::Guard guard(scheduler.lock);
    count = ++scheduler.thread_count;
  }
  if (count > scheduler.max_threads) {
    char prelude[96];
    std::snprintf(prelude, sizeof prelude, "runtime: program exceeds %d-thread limit\n",
                  scheduler.max_threads);
    base::fatal_after(prelude, base::FatalScope::current, "thread exhaustion");
  }
  const int error = base::start_thread(run_thread, thread);
  if (error != 0) {
    char prelude[160];
    std::snprintf(
        prelude, sizeof prelude,
        "runtime: failed to create new OS thread (have %d already; errno=%d)\n%s", count - 1, error,
        error == EAGAIN ? "runtime: may need to increase max user processes (ulimit -u)\n" : "");
    base::fatal_after(prelude, base::FatalScope::current, "newosproc");
  }
}

void set_max_threads(int limit) {
  base::Guard guard(scheduler.lock);
  scheduler.max_threads = limit;
}

int max_threads() {
  base::Guard guard(scheduler.lock);
  return scheduler.max_threads;
}

static void forget_thread(Thread* thread) {
  release_signal_stack(thread->signal_stack);
  base::Guard guard(scheduler.lock);
  thread->locked_goroutine = nullptr;
  --scheduler.thread_count;
  unbind(thread);
  thread->inside.store(0, std::memory_order_release);
}

// What is left for it to run are the destructors of its thread-local variables, a user's code: from
// here on it is a foreign thread, and gone when those are over.
void end_thread(Thread* thread) {
  if (thread->processor != nullptr) hand_off(thread);
  if (base::simulated() != nullptr) return forget_thread(thread);  // nothing is the user's there
  thread->inside.store(0, std::memory_order_release);  // for whoever stops the world first
  const ThreadMemory memory = find_thread_memory();
  {
    StoppedWorld world;
    base::Guard guard(scheduler.lock);
    thread->locked_goroutine = nullptr;
    thread->exiting = false;
    thread->attention.fetch_and(kClaimed | kSimulated, std::memory_order_relaxed);
    --scheduler.thread_count;
    become_foreign_locked(thread, world);
    thread->stack_memory.set(memory.stack);
  }
  ::pthread_setspecific(detach_key, thread);
}

void ensure_booted() {
  int expected = 0;
  if (boot_state.load(std::memory_order_acquire) == 2) return;
  if (boot_state.compare_exchange_strong(expected, 1, std::memory_order_acq_rel)) {
    ::pthread_key_create(&detach_key, forget_foreign_thread);
    if (gort_runtime_boot != nullptr) {
      gort_runtime_boot();
    } else {
      boot_defaults();
    }
    boot_state.store(2, std::memory_order_release);
    return;
  }
  base::Backoff backoff;
  while (boot_state.load(std::memory_order_acquire) != 2) backoff.step();
}

void attach_foreign_thread() {
  ensure_booted();
  const ThreadMemory memory = find_thread_memory();  // before: it takes the dynamic linker's lock
  StoppedWorld world;
  Thread* thread;
  {
    base::Guard guard(scheduler.lock);
    thread = new_thread_locked();
    become_foreign_locked(thread, world);
  }
  bind_to_os_thread(thread, memory, true);
  ::pthread_setspecific(detach_key, thread);
}

namespace {
void count_foreign(Thread* thread, int change, char* asleep_at) {
  StoppedWorld world;
  scheduler.foreign_count.fetch_add(change, std::memory_order_relaxed);
  update_exclusive(world.token());
  if (asleep_at != nullptr) thread->stand_in.sp = asleep_at;
}
}  // namespace

[[gnu::noinline]] void stay_aside(void (*meanwhile)(void*), void* argument) {
  Thread* const thread = base::current_thread();
  if (thread == &gort_unattached_thread || !thread->current->has(kForeign)) {
    return meanwhile(argument);
  }
  __builtin_unwind_init();  // the callers' registers, as in park_foreign
  count_foreign(thread, -1, stack_pointer());
  meanwhile(argument);
  count_foreign(thread, 1, nullptr);
  Section section;
  scan_before_running(&thread->stand_in);
  thread->stand_in.sp = nullptr;
}

void detach_foreign_thread() {
  Thread* thread = base::current_thread();
  if (thread == &gort_unattached_thread || !thread->current->has(kForeign)) return;
  ::pthread_setspecific(detach_key, nullptr);
  forget_foreign_thread(thread);
}

}  // namespace gort::sched
