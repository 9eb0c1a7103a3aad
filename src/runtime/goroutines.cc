// Reading goroutines' records for dumps.
//
// Runs on the thread that dumps, in a stopped or frozen world; reads only, but for the status of
// queued goroutines, which the next switch to them writes anyway. Not here: stacks (traceback.cc).
#include "runtime/goroutines.h"

#include "base/event.h"
#include "base/this_thread.h"

namespace gort::runtime {

using namespace gort::sched;

namespace {
void mark(Goroutine* goroutine) {
  goroutine->status.store(Status::runnable, std::memory_order_relaxed);
}

// The clock that park reads is a little slow, never fast; 32 bits of milliseconds wrap, so a wait
// of more than 24 days shows none.
std::uint32_t minutes_since(std::uint32_t then_ms) {
  const auto now_ms = static_cast<std::uint32_t>(base::now_ns() / 1'000'000);
  const auto elapsed_ms = static_cast<std::int32_t>(now_ms - then_ms);
  return elapsed_ms < 0 ? 0 : static_cast<std::uint32_t>(elapsed_ms) / 60'000;
}
}  // namespace

void mark_queued_goroutines() {
  const int processors = scheduler.processor_count.load(std::memory_order_acquire);
  for (int i = 0; i < processors; ++i) {
    Processor& processor = *scheduler.processors[i];
    if (Goroutine* next = processor.next.load(std::memory_order_relaxed)) mark(next);
    for (std::uint32_t left = processor.queue.size(); left > 0; --left) {
      Goroutine* goroutine = processor.queue.pop();
      mark(goroutine);
      processor.queue.push_popped(goroutine);
    }
  }
  for (Goroutine* it = scheduler.global_head; it != nullptr; it = it->next) mark(it);
}

Whereabouts whereabouts_of(const Goroutine& goroutine) {
  if (goroutine.saving.load(std::memory_order_acquire) != 0) return Whereabouts::running;
  return goroutine.sp == nullptr ? Whereabouts::not_started : Whereabouts::parked;
}

Header header_of(const Goroutine& goroutine, Whereabouts where) {
  Header header;
  header.id = goroutine.id;
  if (goroutine.name != nullptr) header.name = goroutine.name->c_str();
  header.locked = goroutine.has(kLocked);
  switch (goroutine.status.load(std::memory_order_acquire)) {
    case Status::blocking: header.state = "syscall"; break;
    case Status::runnable: header.state = "runnable"; break;
    case Status::waiting:
      // On its way out of a park, or back in one, while the world could not be stopped: it runs.
      if (where == Whereabouts::running) break;
      header.state = wait_reason_text(goroutine.wait_reason.load(std::memory_order_relaxed));
      header.minutes = minutes_since(goroutine.wait_since_ms);
      break;
    default: break;
  }
  return header;
}

bool is_listed(const Goroutine& goroutine, bool with_system) {
  if (goroutine.status.load(std::memory_order_relaxed) == Status::free) return false;
  if (goroutine.has(kAbandoned)) return false;
  return with_system || !goroutine.has(kSystem);
}

const Thread* thread_of(const Goroutine& goroutine) {
  for (Thread* thread = scheduler.all_threads; thread != nullptr; thread = thread->all_next) {
    if (thread->current == &goroutine && thread->in_goroutine()) return thread;
  }
  return nullptr;
}

Goroutine* running_goroutine() {
  Thread* thread = base::current_thread();
  if (!thread->in_goroutine()) return nullptr;
  return thread->current;
}

bool is_scheduler_thread() {
  const Thread* thread = base::current_thread();
  return thread->tid.load(std::memory_order_relaxed) != 0 && !thread->in_goroutine() &&
         thread->stand_in.status == Status::free;
}

}  // namespace gort::runtime
