// Cancelling: a walk down the tree of scopes, and what it does to what hangs on them.
//
// The walk is a loop over a list of what is still to be told, since trees can be deeper than a
// stack. Under a scope's lock it becomes done and its children move to the list; with no lock held
// its channel is closed, functions are started, sleepers woken. A scope below that is being
// destroyed at the same moment has no reference left, and is passed over; its destroyer finds
// itself unlinked.
//
// The same walk runs in a goroutine that calls a cancel function and in a timer's callback, which
// may not run anything of the user's: there the dead go to a goroutine made for them [X4].
// Runs inside the runtime. Not here: the structures and their rules (context_scope.h).
#include "sync/context_scope.h"

namespace gort::detail {
namespace {

using sched::Thread;

bool try_acquire(context_node* node) {
  std::uint32_t count = node->references.load(std::memory_order_relaxed);
  while (count != 0) {
    if (node->references.compare_exchange_weak(count, count + 1, std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

class Walk {
 public:
  Walk(Thread* thread, context_errc code, const std::exception_ptr& cause)
      : thread_(thread), code_(code), cause_(cause) {}

  DeadScopes run(context_scope* root, bool own_timer) {
    end(root, own_timer);
    while (ContextChild* child = to_tell_) {
      to_tell_ = child->next;
      tell(child);
    }
    return dead_;
  }

 private:
  void end(context_scope* scope, bool own_timer) {
    DoneChannel* done;
    bool had_scope = false;
    {
      base::Guard guard(scope->lock);
      if (is_done(scope)) return;
      scope->cause = cause_;
      scope->error.store(static_cast<std::uint8_t>(code_), std::memory_order_release);
      detach_children(scope);
      done = find_done(scope);
      if (done != nullptr) had_scope = take_scope(done);
    }
    // The caller has a reference of its own [X3], so this one is not the last.
    if (done != nullptr) {
      sync::close_channel(thread_, done);
      if (had_scope) scope->references.fetch_sub(1, std::memory_order_acq_rel);
    }
    if (!own_timer) sched::remove_timer(&scope->timer);
  }

  void detach_children(context_scope* scope) {
    ContextChild* child = scope->children;
    scope->children = nullptr;
    while (child != nullptr) {
      ContextChild* next = child->next;
      child->linked = false;
      // A reference to what is to be visited [X3], the claim of what is to be told [X2].
      const bool ours = child->kind == ContextChild::kScope
                            ? try_acquire(static_cast<context_scope*>(child))
                            : child->choice.claim();
      if (ours) {
        child->next = to_tell_;
        to_tell_ = child;
      }
      child = next;
    }
  }

  void tell(ContextChild* child) {
    switch (child->kind) {
      case ContextChild::kScope: {
        auto* scope = static_cast<context_scope*>(child);
        end(scope, false);
        if (scope->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
          scope->ContextChild::next = dead_;
          dead_ = scope;
        }
        return;
      }
      case ContextChild::kFunction:
        return start_context_function(static_cast<context_function*>(child));
      case ContextChild::kSleeper: {
        auto* sleeper = static_cast<ContextSleeper*>(child);
        sleeper->cancelled = true;
        return sched::ready_last(thread_, sleeper->goroutine);  // its frame is gone now
      }
    }
  }

  Thread* const thread_;
  const context_errc code_;
  const std::exception_ptr& cause_;
  ContextChild* to_tell_ = nullptr;
  DeadScopes dead_ = nullptr;
};

void destroy_in_goroutine(DeadScopes dead) {
  const new_goroutine made = make_goroutine(
      [](void* closure) { destroy_scopes(*static_cast<DeadScopes*>(closure)); }, nullptr);
  *static_cast<DeadScopes*>(made.closure) = dead;
  start_goroutine(made.goroutine);
}

}  // namespace

void link_child(context_scope* scope, ContextChild* child) {
  GORT_ASSERT(scope->lock.is_locked() && !is_done(scope) && !child->linked);  // [X1]
  child->linked = true;
  child->previous = nullptr;
  child->next = scope->children;
  if (child->next != nullptr) child->next->previous = child;
  scope->children = child;
}

void unlink_child(context_scope* scope, ContextChild* child) {
  if (!child->linked) return;
  child->linked = false;
  (child->previous != nullptr ? child->previous->next : scope->children) = child->next;
  if (child->next != nullptr) child->next->previous = child->previous;
}

DeadScopes cancel_scope(Thread* thread, context_scope* scope, context_errc code,
                        const std::exception_ptr& cause, bool own_timer) {
  if (is_done(scope)) return nullptr;
  if (context_scope* parent = scope->parent_scope()) {
    base::Guard guard(parent->lock);
    unlink_child(parent, scope);
  }
  return Walk(thread, code, cause).run(scope, own_timer);
}

// The scope is not kept alive by its timer: what destroys it waits for this callback to end.
std::int64_t deadline_passed(sched::Timer* timer, std::int64_t) {
  auto* scope = static_cast<context_scope*>(timer->argument);
  if (!try_acquire(scope)) return 0;
  DeadScopes dead =
      cancel_scope(base::current_thread(), scope, deadline_exceeded, scope->deadline_cause, true);
  if (scope->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    scope->ContextChild::next = dead;
    dead = scope;
  }
  if (dead != nullptr) destroy_in_goroutine(dead);
  return 0;
}

void start_context_function(context_function* function) {
  const new_goroutine made = make_goroutine(function->run, nullptr);
  ::new (made.closure) context_function*(function);
  start_goroutine(made.goroutine);
}

}  // namespace gort::detail
