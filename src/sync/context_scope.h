// The inside of what can be cancelled: scopes, and what hangs on them.
//
// A scope knows its children: the scopes below it, functions to be started and sleepers to be woken
// when it is done. It does not keep the scopes below alive: one that nobody holds leaves its
// parent's list and its timer's heap, and is gone, cancelled or not. So a forgotten cancel function
// costs nothing once the context is dropped. Functions keep themselves alive until they are started
// or stopped; sleepers are stack frames of goroutines that sleep.
//
// States of a scope:  alive --cancel_scope--> done          (error is set; never again)
// States of a child:  linked --unlink, or detached by cancel_scope--> free
//
// [X1] A child is linked only while its scope is alive, and linked and unlinked only under that
//      scope's lock.
// [X2] What hangs on a scope and is not a scope goes to whoever claims its choice: the
//      cancellation, which then starts or wakes it, or the one who stops or wakes it otherwise. The
//      cancellation does not touch it without.
// [X3] Locks of scopes are not nested. While a cancellation walks down it holds a reference to each
//      scope it is to visit.
// [X4] Nothing of the user's runs inside the runtime: scopes whose last reference a cancellation
//      lets go of are destroyed after it, outside.
//
// Runs inside the runtime but where it says otherwise. Not here: what a context is
// (context_core.hpp), its public functions (context.cc), the walk (context_cancel.cc).
#pragma once

#include <atomic>
#include <exception>
#include <memory>

#include "gort/context.hpp"
#include "gort/detail/context_core.hpp"
#include "sync/chan.h"
#include "sync/waiter.h"

namespace gort::detail {

struct ContextChild {
  enum Kind : std::uint8_t { kScope, kFunction, kSleeper };

  explicit ContextChild(Kind kind) : kind(kind) {}

  const Kind kind;
  bool linked = false;  // this and the next two under the lock of the scope it hangs on [X1]
  ContextChild* next = nullptr;  // once detached: the cancellation's
  ContextChild* previous = nullptr;
  sync::Choice choice;  // [X2]
};

// The done channel: a collected object that keeps its scope alive until that is done, so whoever
// waits on it is told. The scope knows it by a weak cell: when nobody can reach the channel any
// more its end lets go of the scope, and a new one is made if somebody asks again.
struct DoneChannel : sync::Channel {
  DoneChannel() : Channel(element_type_of<unit>, 0, nullptr) {}

  context_scope* scope = nullptr;  // with a reference; under the scope's lock while that is alive
};

struct context_scope : context_node, ContextChild {
  explicit context_scope(const context_handle& parent);
  context_scope* parent_scope() const { return above != nullptr ? above->scope : nullptr; }

  // --- set once, before anybody else knows the scope
  std::int64_t deadline_ns = base::kNever;  // the parent's if that is earlier
  std::exception_ptr deadline_cause;
  sched::Timer timer;  // never queued if the deadline is the parent's

  // --- under lock
  base::ElidedLock lock;
  ContextChild* children = nullptr;

  // --- written under lock, once
  std::exception_ptr cause;            // as given; valid when `error` is set
  std::atomic<std::uint8_t> error{0};  // a context_errc; release, pairs with the acquire in is_done

  // --- under lock
  std::unique_ptr<reference> done_cell;  // the done channel's weak cell; made on first use
};

// With the lock of the scope: its done channel, null if there is none that anybody can reach.
DoneChannel* find_done(const context_scope* scope);
// The channel lets go of its scope, which is done or dead: true if it had a reference, now the
// caller's.
bool take_scope(DoneChannel* done);

// References: the stop functions', and one until it has been claimed.
struct context_function : counted, ContextChild {
  explicit context_function(const function_type& type) : ContextChild(kFunction), run(type.run) {
    destroy = type.destroy;
  }

  const closure_entry run;
  context_handle watched;
};

struct ContextSleeper : ContextChild {
  explicit ContextSleeper(sched::Goroutine* goroutine)
      : ContextChild(kSleeper), goroutine(goroutine) {}

  sched::Goroutine* goroutine;
  bool cancelled = false;  // written by the claimant, read by the sleeper once it is awake
  sched::Timer timer;
};

inline bool is_done(const context_scope* scope) {
  return scope->error.load(std::memory_order_acquire) != 0;
}

// With the lock of `scope`, which is alive.
void link_child(context_scope* scope, ContextChild* child);
void unlink_child(context_scope* scope, ContextChild* child);

// Scopes without a reference, chained by `next`; to be destroyed outside the runtime [X4].
using DeadScopes = context_scope*;
void destroy_scopes(DeadScopes dead) noexcept;

// Ends a scope and all below it; nothing happens if it is done. `cause` may be null. The caller
// holds a reference. `own_timer`: called by the scope's timer.
[[nodiscard]] DeadScopes cancel_scope(sched::Thread* thread, context_scope* scope,
                                      context_errc code, const std::exception_ptr& cause,
                                      bool own_timer = false);

// Starts the function in a goroutine that takes over one reference.
void start_context_function(context_function* function);

// Fires at the scope's deadline.
std::int64_t deadline_passed(sched::Timer* timer, std::int64_t now_ns);

}  // namespace gort::detail
