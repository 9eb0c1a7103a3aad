// Sleeping, with and without a context.
//
// A sleeper lies in two places at once when it has a context: its timer's heap and its scope's list
// of children. Who claims its choice first wakes it; when it is awake it leaves the other place
// itself, and waits there for a timer's callback that may still be looking at its frame. A time
// that cannot be reached is one nanosecond before never: never means that no timer is pending, and
// then a program in which everybody sleeps would count as deadlocked.
//
// Runs in goroutines, and in foreign threads, which block. Not here: timers (timers.cc), how a
// goroutine parks (sched/park.cc).
#include "gort/detail/time_core.hpp"
#include "sync/context_scope.h"
#include "sync/timers.h"

namespace gort::detail {
namespace {

using sched::Thread;

std::int64_t wake_context_sleeper(sched::Timer* timer, std::int64_t) {
  auto* sleeper = static_cast<ContextSleeper*>(timer->argument);
  if (sleeper->choice.claim()) sched::ready_last(base::current_thread(), sleeper->goroutine);
  return 0;
}

// True if the scope ended it.
bool sleep_in_scope(context_scope* scope, std::int64_t when_ns) {
  sync::Section section;
  ContextSleeper sleeper(section.goroutine());
  {
    base::Guard guard(scope->lock);
    if (is_done(scope)) return true;
    link_child(scope, &sleeper);
  }
  sleeper.timer.when_ns = when_ns;
  sleeper.timer.fire = wake_context_sleeper;
  sleeper.timer.argument = &sleeper;
  sched::add_timer(section.thread(), &sleeper.timer);
  section.park(WaitReason::sleep);
  sched::remove_timer(&sleeper.timer);
  base::Guard guard(scope->lock);
  unlink_child(scope, &sleeper);
  return sleeper.cancelled;
}

void sleep_until_reachable(std::int64_t when_ns) {
  Thread* thread = sched::enter();
  thread = sched::sleep_until(thread, when_ns);
  sched::leave(thread);
}

void sleep_until_reachable(std::int64_t when_ns, const context& ctx) {
  const context_node* node = ctx.node().get();
  if (node == nullptr || node->scope == nullptr) return sleep_until_reachable(when_ns);
  if (sleep_in_scope(node->scope, when_ns)) throw_context_error(ctx);
}

}  // namespace

void sleep_for(std::int64_t ns) {
  if (ns > 0) sleep_until_reachable(sync::time_after(ns));
}

void sleep_for(std::int64_t ns, const context& ctx) {
  if (ns > 0) sleep_until_reachable(sync::time_after(ns), ctx);
}

void sleep_until(std::int64_t when_ns) {
  if (when_ns > base::now_ns()) sleep_until_reachable(sync::reachable(when_ns));
}

void sleep_until(std::int64_t when_ns, const context& ctx) {
  if (when_ns > base::now_ns()) sleep_until_reachable(sync::reachable(when_ns), ctx);
}

}  // namespace gort::detail
