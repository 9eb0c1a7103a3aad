// Contexts, the choice among them, the clock that is a number, and a stand-in for the monitor.
//
// A context is switched to with gort_switch, like a goroutine. What else belongs to an OS thread
// travels along: the current thread record and the C++ runtime's exception state. A context may be
// left anywhere, also in the middle of a runtime section and on a goroutine's stack, just as the
// kernel takes the CPU from a thread.
//
// Runs as simulate.h says. Not here: the hooks that call this (base/event.cc, spin_lock.h).
#include "sched/simulate.h"

#include <cxxabi.h>
#include <pthread.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/os_linux.h"
#include "sched/sanitizer.h"
#include "sched/switch.h"
#include "sched/thread.h"
#include "sched/wake.h"
#include "sched/world.h"

namespace gort::sched {
namespace {

constexpr std::size_t kStackBytes = std::size_t{256} << 10;
constexpr std::uint32_t kStepNs = 60;  // a step's average cost is half of it
constexpr std::uint32_t kLongFreezeSteps = 3'000;
constexpr int kFail = 1;

ExceptionState* exception_state() {
  return reinterpret_cast<ExceptionState*>(abi::__cxa_get_globals());
}

// A stack from which gort_switch continues in `entry`, as if that had just been called.
void* prepare_context(char* top, void (*entry)()) {
#if defined(__x86_64__)
  top -= 8;  // where the caller's return address would be
#endif
  void* sp = prepare_stack(top);
  auto* word = static_cast<std::uintptr_t*>(sp);
  while (*word != reinterpret_cast<std::uintptr_t>(&gort_goroutine_entry)) ++word;
  *word = reinterpret_cast<std::uintptr_t>(entry);
  return sp;
}

}  // namespace

// A simulated OS thread.
struct Simulator::Context {
  enum State : std::uint8_t { ready, sleeping, dead };

  int number = 0;
  State state = ready;
  bool meddler = false;
  void* sp = nullptr;
  Thread* thread = &gort_unattached_thread;
  ExceptionState exceptions;
  std::uint64_t frozen_until_step = 0;
  std::atomic<std::uint32_t>* word = nullptr;  // while it sleeps
  std::int64_t deadline_ns = base::kNever;
  void* (*entry)(void*) = nullptr;
  void* argument = nullptr;
  char* stack = nullptr;
  std::size_t stack_bytes = kStackBytes;
#if defined(__SANITIZE_THREAD__)
  void* fiber = nullptr;
#endif
#if defined(__SANITIZE_ADDRESS__)
  const void* low = nullptr;  // of the stack it was left on
  std::size_t bytes = 0;
#endif
};

Simulator::Simulator(const Options& options) : options_(options), random_(options.seed * 2 + 1) {
  for (int i = 0; i < 8; ++i) random_.next();  // small seeds differ in few bits
  contexts_.push_back(std::make_unique<Context>());
  running_ = contexts_[0].get();
  pthread_attr_t attributes;
  GORT_CHECK(::pthread_getattr_np(::pthread_self(), &attributes) == 0);
  void* low = nullptr;
  ::pthread_attr_getstack(&attributes, &low, &running_->stack_bytes);
  ::pthread_attr_destroy(&attributes);
  running_->stack = static_cast<char*>(low);
  base::simulation = this;  // [S1]
}

Simulator::~Simulator() { base::simulation = nullptr; }

// The sanitizers ask where the scheduler's stack is; an OS thread's answer would be wrong for a
// context.
void Simulator::adopt_stack() {
  Thread* thread = base::current_thread();
  if (thread == &gort_unattached_thread) return;
  thread->stack_low = running_->stack;
  thread->stack_bytes = running_->stack_bytes;
}

void Simulator::run_context() {
  auto* self = static_cast<Simulator*>(base::simulated());
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
#endif
  self->running_->entry(self->running_->argument);
  self->running_->state = Context::dead;
  self->switch_to(self->choose());
  __builtin_unreachable();
}

namespace {
// Apart from the switch: no thread-local address may be known on both sides of it [T1].
[[gnu::noinline]] void exchange_exceptions(ExceptionState& saved, const ExceptionState& restored) {
  saved = *exception_state();
  *exception_state() = restored;
}
}  // namespace

void Simulator::switch_to(Context* next) {
  Context* self = running_;
  if (next == self) return;
  self->thread = base::current_thread();
  running_ = next;
  base::set_current_thread(next->thread);
  exchange_exceptions(self->exceptions, next->exceptions);
#if defined(__SANITIZE_THREAD__)
  self->fiber = __tsan_get_current_fiber();
  if (next->fiber == nullptr) next->fiber = __tsan_create_fiber(0);
  __tsan_switch_to_fiber(next->fiber, 0);
#endif
#if defined(__SANITIZE_ADDRESS__)
  const Thread* thread = self->thread;
  self->low = self->stack;
  self->bytes = self->stack_bytes;
  if (thread != &gort_unattached_thread && thread->in_goroutine()) {
    self->low = thread->current->stack.low;
    self->bytes = static_cast<std::size_t>(thread->current->stack.top - thread->current->stack.low);
  }
  void* fake_stack = nullptr;
  __sanitizer_start_switch_fiber(&fake_stack, next->low, next->bytes);
#endif
  gort_switch(&self->sp, next->sp, nullptr);
#if defined(__SANITIZE_ADDRESS__)
  const void* from = nullptr;
  std::size_t bytes = 0;
  __sanitizer_finish_switch_fiber(fake_stack, &from, &bytes);
#endif
}

void Simulator::step() {
  adopt_stack();
  if (++steps_ > options_.step_limit) fail("livelock: no end after so many steps");
  now_ns_ += random_.below(kStepNs);
  if (random_.below(2'000) == 0) now_ns_ += random_.below(50'000);
}

bool Simulator::advance_to_next_deadline() {
  std::int64_t earliest = base::kNever;
  bool anybody = false;  // the meddler alone would go on for ever
  for (const auto& context : contexts_) {
    if (context->state != Context::sleeping || context->deadline_ns == base::kNever) continue;
    if (context->deadline_ns < earliest) earliest = context->deadline_ns;
    anybody |= !context->meddler;
  }
  if (!anybody) return false;
  if (earliest > now_ns_) now_ns_ = earliest;
  return true;
}

Simulator::Context* Simulator::choose() {
  for (;;) {
    ready_.clear();
    Context* frozen = nullptr;
    for (const auto& each : contexts_) {
      Context* context = each.get();
      if (context->state == Context::sleeping && context->deadline_ns <= now_ns_) {
        context->state = Context::ready;
      }
      if (context->state != Context::ready) continue;
      if (context->frozen_until_step > steps_) {
        frozen = context;
      } else {
        ready_.push_back(context);
      }
    }
    if (!ready_.empty()) return ready_[random_.below(static_cast<std::uint32_t>(ready_.size()))];
    if (frozen != nullptr) return frozen;
    if (!advance_to_next_deadline()) fail("all threads sleep for ever: a wake-up was lost");
  }
}

void Simulator::relax() {
  step();
  if (random_.below(options_.switch_one_in) != 0) return;
  if (options_.freeze_one_in != 0 && random_.below(options_.freeze_one_in) == 0) {
    running_->frozen_until_step = steps_ + random_.below(kLongFreezeSteps);
  }
  switch_to(choose());
}

void Simulator::sleep(std::atomic<std::uint32_t>& word, std::uint32_t expected,
                      std::int64_t deadline_ns) {
  relax();
  // A futex may return for no reason. Only before it sleeps: after that it would hide a lost
  // wake-up.
  if (word.load(std::memory_order_relaxed) != expected || random_.below(16) == 0) return;
  running_->state = Context::sleeping;
  running_->word = &word;
  running_->deadline_ns = deadline_ns;
  switch_to(choose());
  running_->word = nullptr;
  running_->deadline_ns = base::kNever;
}

void Simulator::wake(std::atomic<std::uint32_t>& word, int count) {
  relax();
  while (count-- > 0) {
    ready_.clear();
    for (const auto& context : contexts_) {
      if (context->state == Context::sleeping && context->word == &word) {
        ready_.push_back(context.get());
      }
    }
    if (ready_.empty()) break;
    ready_[random_.below(static_cast<std::uint32_t>(ready_.size()))]->state = Context::ready;
  }
  relax();
}

std::int64_t Simulator::now_ns() {
  now_ns_ += 1 + random_.below(kStepNs);
  return now_ns_;
}

int Simulator::start_thread(void* (*entry)(void*), void* argument) {
  Context* context = nullptr;
  for (const auto& each : contexts_) {
    if (each->state == Context::dead && each.get() != running_) context = each.get();
  }
  if (context == nullptr) {
    contexts_.push_back(std::make_unique<Context>());
    context = contexts_.back().get();
    context->number = static_cast<int>(contexts_.size()) - 1;
    context->stack = static_cast<char*>(base::os::map_or_die(kStackBytes));
  }
  context->meddler = next_is_meddler_;
  context->thread = &gort_unattached_thread;
  context->exceptions = {};
  context->word = nullptr;
  context->deadline_ns = base::kNever;
  context->entry = entry;
  context->argument = argument;
  context->sp = prepare_context(context->stack + kStackBytes, run_context);
#if defined(__SANITIZE_ADDRESS__)
  context->low = context->stack;
  context->bytes = kStackBytes;
  // A dead context never left the frames in which it switched away.
  __asan_unpoison_memory_region(context->stack, kStackBytes);
#endif
#if defined(__SANITIZE_THREAD__)
  context->fiber = nullptr;
#endif
  context->state = Context::ready;
  relax();
  return 0;
}

void Simulator::nap(std::int64_t duration_ns) {
  std::atomic<std::uint32_t> word{0};
  const std::int64_t until_ns = now_ns() + duration_ns;
  while (now_ns() < until_ns) sleep(word, 0, until_ns);
}

void Simulator::settle() {
  for (;;) {
    bool busy = false;
    for (const auto& context : contexts_) {
      busy |= context->state == Context::ready && context.get() != running_ && !context->meddler;
    }
    if (!busy) return;
    step();
    switch_to(choose());
  }
}

namespace {

void* meddle(void* argument) {
  auto* simulator = static_cast<Simulator*>(argument);
  base::Random& random = simulator->random();
  for (;;) {
    simulator->nap(random.below(random.below(8) == 0 ? 200'000 : 10'000));
    const auto processors =
        static_cast<std::uint32_t>(scheduler.processor_count.load(std::memory_order_relaxed));
    Processor* processor = scheduler.processors[random.below(processors)];
    switch (random.below(8)) {
      case 0: processor->preempt.store(true, std::memory_order_relaxed); break;
      case 1: wake_one(); break;
      case 2: {
        StoppedWorld world;
        break;
      }
      case 3:
        if (try_claim(processor)) release_claim(processor);
        break;
      default:
        if (try_claim(processor)) retake(processor);
    }
  }
  return nullptr;
}

}  // namespace

void Simulator::start_meddler() {
  next_is_meddler_ = true;
  start_thread(meddle, this);
  next_is_meddler_ = false;
}

void Simulator::print_threads() const {
  for (const auto& context : contexts_) {
    static constexpr const char* kStates[] = {"ready", "asleep", "dead"};
    const Thread* thread = context.get() == running_ ? base::current_thread() : context->thread;
    if (context->state == Context::dead) continue;
    base::write_stderr("  thread %d: %s%s", context->number, kStates[context->state],
                       context->meddler ? ", the meddler" : "");
    if (context->state == Context::sleeping && context->deadline_ns != base::kNever) {
      base::write_stderr(" for %lld ns", static_cast<long long>(context->deadline_ns - now_ns_));
    }
    if (thread != &gort_unattached_thread) {
      base::write_stderr(
          ", inside %u, attention %u, processor %d", thread->inside.load(std::memory_order_relaxed),
          thread->attention.load(std::memory_order_relaxed),
          thread->processor != nullptr ? static_cast<int>(thread->processor->index) : -1);
      if (thread->in_goroutine() && thread->current != nullptr) {
        base::write_stderr(", goroutine %llu",
                           static_cast<unsigned long long>(thread->current->id));
      }
      if (thread->current != nullptr && thread->current->has(kForeign)) {
        base::write_stderr(", foreign, woken %u",
                           thread->current->wake_token.load(std::memory_order_relaxed));
      }
    }
    base::write_stderr("\n");
  }
}

void Simulator::fail(const char* text) {
  base::write_stderr("simulation: %s\n  step %llu, %lld ns\n", text,
                     static_cast<unsigned long long>(steps_),
                     static_cast<long long>(now_ns_ - 1'000'000'000));
  print_threads();
  base::simulation = nullptr;  // from here on the locks are real, and nobody holds one for long
  const int processors = scheduler.processor_count.load(std::memory_order_relaxed);
  for (int i = 0; i < processors; ++i) {
    base::write_stderr("  processor %d: %u queued%s\n", i, scheduler.processors[i]->queue.size(),
                       scheduler.processors[i]->next.load(std::memory_order_relaxed) != nullptr
                           ? " and one next"
                           : "");
  }
  base::write_stderr("  %u in the global queue, %d processors idle, %d threads spinning\n",
                     scheduler.global_size.load(std::memory_order_relaxed),
                     scheduler.idle_count.load(std::memory_order_relaxed),
                     scheduler.spinning.load(std::memory_order_relaxed));
  const std::int64_t timer_ns = earliest_timer_ns();
  base::write_stderr("  the first timer is due in %lld ns, somebody keeps the time for %lld ns\n",
                     static_cast<long long>(timer_ns == base::kNever ? -1 : timer_ns - now_ns_),
                     static_cast<long long>(scheduler.timekeeper == nullptr
                                                ? -1
                                                : scheduler.timekeeper_until_ns - now_ns_));
  static constexpr const char* kStatus[] = {"free", "runnable", "running", "waiting", "blocking"};
  scheduler.goroutines.for_each([](const Goroutine& goroutine) {
    const Status status = goroutine.status.load(std::memory_order_relaxed);
    if (status == Status::free) return;
    base::write_stderr("  goroutine %llu: %s (%s)\n", static_cast<unsigned long long>(goroutine.id),
                       kStatus[static_cast<int>(status)],
                       wait_reason_text(goroutine.wait_reason.load(std::memory_order_relaxed)));
  });
  ::_exit(kFail);
}

}  // namespace gort::sched
