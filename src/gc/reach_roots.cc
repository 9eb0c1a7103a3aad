// Every place from which references start, for whoever looks at all of them with the threads
// halted. See reach.h.
//
// Goroutines that are parked are among the goroutines, threads that run or sleep in the runtime
// among the halted; the caller's own frames are nowhere.
#include <algorithm>

#include "gc/finalize.h"
#include "gc/handles.h"
#include "gc/reach.h"
#include "gc/special_table.h"
#include "sched/sched.h"

namespace gort::collector {
namespace {

struct Visitor {
  RootVisitor visit;
  void* context;

  void word(Root root, const void* place, std::uintptr_t value) const {
    if (value == 0) return;
    root.place = place;
    root.value = value;
    visit(root, context);
  }

  // Others' stacks: whatever the sanitizers think of them.
  GORT_NO_SANITIZE void words(const Root& root, const void* low, const void* high) const {
    auto at = (reinterpret_cast<std::uintptr_t>(low) + 7) & ~std::uintptr_t{7};
    const auto end = reinterpret_cast<std::uintptr_t>(high);
    for (; at + sizeof(std::uintptr_t) <= end; at += sizeof(std::uintptr_t)) {
      const auto* const place = reinterpret_cast<const volatile std::uintptr_t*>(at);
      word(root, const_cast<const std::uintptr_t*>(place), *place);
    }
  }
};

void visit_halted(const sched::HaltedThreads& halted, const Visitor& visitor) {
  for (unsigned i = 0; i < halted.count(); ++i) {
    const sched::Halted& entry = halted[i];
    Root root;
    root.thread = entry.thread;
    root.kind = RootKind::thread_locals;
    visitor.words(root, entry.thread_locals.low, entry.thread_locals.high);
    root.goroutine = entry.goroutine;
    if (root.goroutine != nullptr && root.goroutine->has(sched::kUnscanned)) continue;
    root.kind = RootKind::stack;
    visitor.words(root, entry.stack.low, entry.stack.high);
    if (entry.registers == nullptr) continue;
    root.kind = RootKind::registers;
    visitor.words(root, entry.registers,
                  static_cast<const char*>(entry.registers) + entry.register_bytes);
  }
}

void visit_goroutines(const sched::WorldStopped& world, const Visitor& visitor) {
  sched::for_each_goroutine(world, [&](sched::Goroutine* goroutine) {
    if (goroutine->has(sched::kUnscanned)) return;
    Root root;
    root.goroutine = goroutine;
    root.kind = RootKind::closure;
    visitor.words(root, goroutine->closure, goroutine->closure + sizeof goroutine->closure);
    // One that runs, or blocks its thread, is with that thread: what it had saved is old.
    const auto status = goroutine->status.load(std::memory_order_relaxed);
    if (status != sched::Status::waiting && status != sched::Status::runnable) return;
    const sched::StackRange stack = sched::parked_stack(goroutine);
    root.kind = RootKind::stack;
    visitor.words(root, stack.low, stack.high);
  });
}

void visit_bodies(const Visitor& visitor) {
  Root root;
  root.kind = RootKind::body;
  heap::for_each_span(heap::Kind::manual, [&](const heap::Span& span) {
    const auto* const low = reinterpret_cast<const char*>(span.base);
    visitor.words(root, low, low + span.bytes());
  });
}

void visit_specials(const Visitor& visitor) {
  special_table.for_each([&](Record& record) {
    Root root;
    root.kind = RootKind::weak_cell;
    visitor.word(root, &record.cell, reinterpret_cast<std::uintptr_t>(record.cell));
    root.kind = RootKind::cleanup;
    for (Cleanup* it = record.first; it != nullptr; it = it->next) {
      visitor.word(root, &it->record, reinterpret_cast<std::uintptr_t>(it->record));
    }
  });
  Root root;
  root.kind = RootKind::due;
  due_ends.for_each([&](const End& end) {
    visitor.word(root, &end.object, reinterpret_cast<std::uintptr_t>(end.object));
  });
}

}  // namespace

const char* name_of(RootKind kind) {
  static constexpr const char* kNames[] = {"stack",
                                           "registers",
                                           "function of a new goroutine",
                                           "thread-local variables",
                                           "handle",
                                           "timer, context, task or function",
                                           "weak cell",
                                           "cleanup",
                                           "destructor that is due"};
  return kNames[static_cast<unsigned>(kind)];
}

void visit_roots(const sched::WorldStopped& world, const sched::HaltedThreads& halted,
                 RootVisitor visit, void* context) {
  const Visitor visitor{visit, context};
  visit_halted(halted, visitor);
  visit_goroutines(world, visitor);
  visit_bodies(visitor);
  visit_specials(visitor);
  visit_handles(
      [](void** slot, void* argument) {
        Root root;
        root.kind = RootKind::handle;
        static_cast<const Visitor*>(argument)->word(root, slot,
                                                    reinterpret_cast<std::uintptr_t>(*slot));
      },
      const_cast<Visitor*>(&visitor));
}

}  // namespace gort::collector
