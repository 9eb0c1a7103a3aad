// Goroutines' beginnings: records, closures, numbers.
//
// A go statement costs a record from the processor's own list, the closure moved into it, and a
// push. No lock, no stack. Records come in batches from the shared pool and go back in batches when
// too many die here.
//
// The two-step interface (make, then start) lets the template construct the closure in place, where
// a throwing copy constructor leaves nothing behind. Runs on any thread. Not here: the first run
// (loop.cc).
#include <cstring>

#include "base/assert.h"
#include "gort/error.hpp"
#include "sched/loop.h"
#include "sched/resume.h"
#include "sched/safepoint.h"
#include "sched/sanitizer.h"
#include "sched/sched.h"
#include "sched/wake.h"
#include "sched/world.h"

namespace gort::sched {
namespace {

constexpr std::size_t kRecordBatch = 64;
constexpr std::uint32_t kMaxFree =
    4096;  // beyond this, half go back: others may spawn what dies here
constexpr std::uint64_t kIdBatch = 16;  // Go's

Goroutine* take_record(Processor* processor) {
  if (processor == nullptr) [[unlikely]] {
    std::size_t taken;
    return scheduler.goroutines.acquire(1, taken);
  }
  if (processor->free == nullptr) [[unlikely]] {
    std::size_t taken;
    processor->free = scheduler.goroutines.acquire(kRecordBatch, taken);
    processor->free_count = static_cast<std::uint32_t>(taken);
  }
  Goroutine* goroutine = processor->free;
  processor->free = goroutine->next;
  --processor->free_count;
  __builtin_prefetch(processor->free, 1);
  return goroutine;
}

std::uint64_t take_id(Processor* processor) {
  if (processor == nullptr) [[unlikely]] {
    return scheduler.id_batches.fetch_add(1, std::memory_order_relaxed) * kIdBatch + 1;
  }
  if (processor->next_id == processor->last_id) [[unlikely]] {
    processor->next_id =
        scheduler.id_batches.fetch_add(1, std::memory_order_relaxed) * kIdBatch + 1;
    processor->last_id = processor->next_id + kIdBatch;
  }
  return processor->next_id++;
}

void clear_options(Goroutine* goroutine) {
  delete goroutine->name;
  goroutine->name = nullptr;
  delete goroutine->extra;
  goroutine->extra = nullptr;
}

// The collector looks through the closures of all records, free ones included: what it still showed
// of what was destroyed would live until the record is used again. It was in use, so the line is in
// the cache.
void forget_closure(Goroutine* goroutine) {
  std::memset(goroutine->closure, 0, sizeof goroutine->closure);
}

void set_options(Goroutine* goroutine, const detail::spawn_options& options) {
  if (options.name_bytes != 0) goroutine->name = new std::string(options.name, options.name_bytes);
  if (options.stack_limit != 0) {
    extra_of(goroutine)->stack_limit = options.stack_limit;
    goroutine->set(kOwnLimit);
  }
}

}  // namespace

Extra* extra_of(Goroutine* goroutine) {
  if (goroutine->extra == nullptr) goroutine->extra = new Extra();
  return goroutine->extra;
}

void release_record(Processor* processor, Goroutine* goroutine) {
  if (goroutine->name != nullptr || goroutine->extra != nullptr) [[unlikely]] {
    clear_options(goroutine);
  }
  goroutine->sp = nullptr;
  goroutine->stack = {};
  goroutine->flags.store(0, std::memory_order_relaxed);
  forget_closure(goroutine);
  goroutine->lock_depth = 0;
  goroutine->locked_thread = nullptr;
  goroutine->status.store(Status::free, std::memory_order_relaxed);
  goroutine->saving.store(0, std::memory_order_relaxed);
  goroutine->next = processor->free;
  processor->free = goroutine;
  if (++processor->free_count > kMaxFree) [[unlikely]] {
    Goroutine* last = goroutine;
    for (std::uint32_t i = 1; i < kMaxFree / 2; ++i) last = last->next;
    processor->free = last->next;
    last->next = nullptr;
    processor->free_count -= kMaxFree / 2;
    scheduler.goroutines.release(goroutine);
  }
}

namespace {

struct SystemCall {
  void (*run)(void*);
  void* argument;
};

void run_system(void* closure) {
  const auto call = *static_cast<SystemCall*>(closure);
  call.run(call.argument);
}

}  // namespace

Goroutine* spawn_system(void (*run)(void*), void* argument) {
  Section section;
  Processor* const processor = section.thread()->processor;
  Goroutine* goroutine = take_record(processor);
  goroutine->entry = run_system;
  goroutine->wait_reason.store(WaitReason::none, std::memory_order_relaxed);
  goroutine->id = take_id(processor);
  goroutine->creator_id = 0;
  goroutine->creator_pc = nullptr;
  goroutine->set(kSystem);
  new (goroutine->closure) SystemCall{run, argument};
  goroutine->status.store(Status::runnable, std::memory_order_relaxed);
  if (processor != nullptr) {
    push_next(processor, goroutine);
  } else {
    push_global(goroutine);
    wake_one();
  }
  return goroutine;
}

void destroy_locals(Goroutine* goroutine) {
  Extra* extra = goroutine->extra;
  if (extra->destroy_locals != nullptr) {
    extra->destroy_locals(extra->locals);
    extra->locals = nullptr;
    extra->destroy_locals = nullptr;
  }
}

std::int64_t count_goroutines() {
  std::int64_t count = scheduler.live_elsewhere.load(std::memory_order_relaxed);
  const int processors = scheduler.processor_count.load(std::memory_order_acquire);
  for (int i = 0; i < processors; ++i) {
    count += scheduler.processors[i]->live_delta.load(std::memory_order_relaxed);
  }
  return count;
}

std::uint64_t goroutine_id(Thread* thread) {
  Goroutine* self = thread->current;
  if (self->id == 0) self->id = take_id(thread->processor);  // a foreign thread's stand-in
  return self->id;
}

}  // namespace gort::sched

namespace gort::detail {

using namespace gort::sched;

new_goroutine make_goroutine(closure_entry entry, const spawn_options* options) {
  if (options != nullptr && options->stack_limit != 0 &&
      (options->stack_limit < kMinStackLimit || options->stack_limit > kMaxStackLimit)) {
    throw_stack_limit(options->stack_limit, kMinStackLimit, kMaxStackLimit);
  }
  Thread* thread = enter();
  Goroutine* goroutine = take_record(thread->processor);
  goroutine->entry = entry;
  goroutine->wait_reason.store(WaitReason::none, std::memory_order_relaxed);
  goroutine->id = take_id(thread->processor);
  // A timer's callback starts goroutines from a scheduler's stack: then nobody is the creator.
  goroutine->creator_id =
      thread->on_scheduler && thread->processor != nullptr ? 0 : thread->current->id;
  leave(thread);
  if (options != nullptr) {
    try {
      set_options(goroutine, *options);
    } catch (...) {
      drop_goroutine(goroutine);
      throw;
    }
  }
  return {goroutine, goroutine->closure};
}

void start_goroutine(Goroutine* goroutine) {
  goroutine->creator_pc = __builtin_return_address(0);  // `go` is inlined: the go statement
  goroutine->status.store(Status::runnable, std::memory_order_relaxed);
  Thread* thread = enter();
  scan_before_running(goroutine);  // its closure was no part of what was scanned at the flip
  Processor* processor = thread->processor;
  if (processor != nullptr) [[likely]] {
    processor->count_live(1);
    push_next(processor, goroutine);
  } else {
    scheduler.live_elsewhere.fetch_add(1, std::memory_order_relaxed);
    push_global(goroutine);
    wake_one();
  }
  leave(thread);
}

[[gnu::noinline, gnu::cold]] void drop_goroutine(Goroutine* goroutine) {
  clear_options(goroutine);
  goroutine->flags.store(0, std::memory_order_relaxed);
  forget_closure(goroutine);
  goroutine->next = nullptr;
  Section section;
  scheduler.goroutines.release(goroutine);
}

void fatal_go_of_nil() { base::fatal(base::FatalScope::current, "go of nil func value"); }

}  // namespace gort::detail
