// Scanning stacks, of goroutines that wait and of threads that were halted.
//
// Conservative: every aligned word. Registers of a parked goroutine are on its stack.
// Runs inside a section, or on the halting thread while others are halted: no malloc, no section
// ([HT1] in sched/halt.h). Not here: marking (mark.cc).
#include "gc/stacks.h"

#include "base/event.h"
#include "base/os_linux.h"
#include "gc/mark.h"
#include "gc/phase.h"
#include "sched/sched.h"

namespace gort::collector {

using sched::Goroutine;
using sched::Halted;

namespace {

void scan_record(LocalWork& work, const Goroutine& goroutine) {
  shade_range(work, goroutine.closure, goroutine.closure + sizeof goroutine.closure, true);
}

// True if the caller is to scan it; false if that was done or is under way.
bool claim(Goroutine* goroutine, std::uint32_t now) {
  std::uint32_t seen = goroutine->scanned.load(std::memory_order_acquire);
  while (seen != now && seen != now - 1) {
    if (goroutine->scanned.compare_exchange_weak(seen, now - 1, std::memory_order_acq_rel)) {
      return true;
    }
  }
  return false;
}

std::atomic<std::uint64_t> stack_bytes{0};
std::atomic<std::uint64_t> stack_memory{0};

void scan_stack(LocalWork& work, const sched::StackRange& stack) {
  shade_range(work, stack.low, stack.high, true);
  stack_bytes.fetch_add(static_cast<std::uint64_t>(stack.high - stack.low),
                        std::memory_order_relaxed);
  const std::size_t page = base::os::page_bytes();
  const std::uintptr_t low = reinterpret_cast<std::uintptr_t>(stack.low) / page;
  const std::uintptr_t high = (reinterpret_cast<std::uintptr_t>(stack.high) + page - 1) / page;
  stack_memory.fetch_add((high - low) * page, std::memory_order_relaxed);
}

void scan_halted(LocalWork& work, const Halted& it) {
  shade_range(work, it.thread_locals.low, it.thread_locals.high);
  if (it.goroutine != nullptr && it.goroutine->has(sched::kUnscanned)) return;
  scan_stack(work, it.stack);
  if (it.registers != nullptr) {
    const auto* const registers = static_cast<const char*>(it.registers);
    shade_range(work, registers, registers + it.register_bytes, true);
  }
  if (it.goroutine != nullptr) scan_record(work, *it.goroutine);
}

}  // namespace

void scan_parked(LocalWork& work, Goroutine* goroutine) {
  const std::uint32_t now = epoch();
  if (!claim(goroutine, now)) return;
  // It cannot change now: it neither runs nor ends before we have finished. One that is not in use,
  // or is just being made, has nothing but its closure.
  if (!goroutine->has(sched::kUnscanned)) {
    const sched::Status status = goroutine->status.load(std::memory_order_relaxed);
    const bool parked = status == sched::Status::waiting || status == sched::Status::runnable;
    if (parked) scan_stack(work, sched::parked_stack(goroutine));
    scan_record(work, *goroutine);
  }
  goroutine->scanned.store(now, std::memory_order_release);  // pairs with claim
}

void hold_no_references(sched::Thread* thread) { thread->current->set(sched::kUnscanned); }

void scan_before_running(Goroutine* goroutine) {
  scan_parked(local_work(base::current_thread()), goroutine);
  // Another may have claimed it, and goes on in its section while we wait in ours. It is never the
  // coordinator: what that has claimed is halted, and cannot be resumed before it is released.
  const std::uint32_t under_way = epoch() - 1;
  base::Backoff backoff;
  while (goroutine->scanned.load(std::memory_order_acquire) == under_way) backoff.step();
}

void claim_halted(const sched::HaltedThreads& halted) {
  for (unsigned i = 0; i < halted.count(); ++i) {
    const Halted& it = halted[i];
    if (it.halted && it.goroutine != nullptr) {
      it.goroutine->scanned.store(epoch() - 1, std::memory_order_relaxed);
    }
  }
}

void scan_waiting_threads(LocalWork& work, const sched::HaltedThreads& halted) {
  for (unsigned i = 0; i < halted.count(); ++i) {
    const Halted& it = halted[i];
    if (it.halted) continue;
    shade_range(work, it.thread_locals.low, it.thread_locals.high);
    // A foreign thread that waits in the runtime: nobody else meets its goroutine.
    if (it.goroutine != nullptr && it.goroutine->has(sched::kForeign)) {
      scan_halted(work, it);
      it.goroutine->scanned.store(epoch(), std::memory_order_relaxed);
    }
  }
}

std::uint64_t scanned_stack_bytes() { return stack_bytes.load(std::memory_order_relaxed); }
std::uint64_t scanned_stack_memory() { return stack_memory.load(std::memory_order_relaxed); }
void reset_scanned_stack_bytes() {
  stack_bytes.store(0, std::memory_order_relaxed);
  stack_memory.store(0, std::memory_order_relaxed);
}

void scan_and_release(LocalWork& work, sched::HaltedThreads& halted) {
  for (unsigned i = 0; i < halted.count(); ++i) {
    const Halted& it = halted[i];
    if (!it.halted) continue;
    scan_halted(work, it);
    if (it.goroutine != nullptr) {
      it.goroutine->scanned.store(epoch(), std::memory_order_release);  // pairs with claim
    }
    halted.release(i);
  }
}

}  // namespace gort::collector
