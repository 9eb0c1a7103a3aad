// Contexts: making them, asking them, waiting with them.
//
// Asking needs no lock: a node's fields never change, a scope's error is one atomic that is set
// once, after the cause. The done channel is made when somebody first asks for it, and keeps the
// scope alive while it can be reached: whoever waits on it is told, even if all contexts and cancel
// functions of that name are gone and only a parent or a deadline can still end it.
//
// Runs in goroutines and foreign threads, outside the runtime but for short sections.
// Not here: what a cancellation does (context_cancel.cc), the rules of scopes (context_scope.h).
#include "gort/context.hpp"

#include <limits>
#include <memory>
#include <new>
#include <utility>

#include "gort/detail/special_core.hpp"
#include "heap/heap.h"
#include "sync/context_scope.h"

namespace gort {
namespace {

class ContextCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "context"; }
  std::string message(int code) const override {
    switch (static_cast<context_errc>(code)) {
      case context_errc::canceled: return "context canceled";
      case context_errc::deadline_exceeded: return "context deadline exceeded";
    }
    return "unknown context error";
  }
};

detail::context_scope* scope_of(const context& ctx) {
  const detail::context_node* node = ctx.node().get();
  return node != nullptr ? node->scope : nullptr;
}

context_errc error_of(const detail::context_scope* scope) {
  return static_cast<context_errc>(scope->error.load(std::memory_order_acquire));
}

void cancel(const detail::context_handle& ref, const std::exception_ptr& cause) noexcept {
  if (ref.get() == nullptr) return;
  detail::DeadScopes dead;
  {
    sync::Section section;
    dead = cancel_scope(section.thread(), ref.get()->scope, canceled, cause);
  }
  detail::destroy_scopes(dead);
}

// Hangs a new scope on its parent, or ends it if that is done already.
void join_parent(detail::context_scope* scope) {
  detail::context_scope* parent = scope->parent_scope();
  if (parent == nullptr) return;
  sync::Section section;
  base::Guard guard(parent->lock);
  if (is_done(parent)) {
    scope->cause = parent->cause;
    scope->error.store(static_cast<std::uint8_t>(error_of(parent)), std::memory_order_release);
  } else {
    link_child(parent, scope);
  }
}

void start_deadline(detail::context_scope* scope) {
  sync::Section section;
  base::Guard guard(scope->lock);
  if (is_done(scope)) return;
  scope->timer.when_ns = scope->deadline_ns;
  scope->timer.fire = detail::deadline_passed;
  scope->timer.argument = scope;
  sched::add_timer(section.thread(), &scope->timer);
}

}  // namespace

const std::error_category& context_category() noexcept {
  static const ContextCategory category;
  return category;
}

context_error::context_error(context_errc code, std::exception_ptr cause)
    : std::system_error(make_error_code(code)), cause_(std::move(cause)) {}

std::error_code context::err() const noexcept {
  const detail::context_scope* scope = scope_of(*this);
  return scope != nullptr && is_done(scope) ? make_error_code(error_of(scope)) : std::error_code();
}

std::exception_ptr context::cause() const {
  const detail::context_scope* scope = scope_of(*this);
  if (scope == nullptr || !is_done(scope)) return nullptr;
  return scope->cause ? scope->cause : std::make_exception_ptr(context_error(error_of(scope)));
}

std::optional<std::chrono::steady_clock::time_point> context::deadline() const noexcept {
  const detail::context_scope* scope = scope_of(*this);
  if (scope == nullptr || scope->deadline_ns == base::kNever) return std::nullopt;
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(scope->deadline_ns));
}

void cancel_func::operator()() const noexcept { cancel(scope_, nullptr); }
void cancel_cause_func::operator()(std::exception_ptr cause) const noexcept {
  cancel(scope_, cause);
}

std::pair<context, cancel_func> with_cancel(const context& parent) {
  const auto ref = detail::context_handle::adopt(new detail::context_scope(parent.node()));
  join_parent(ref.get()->scope);
  return {context(ref), cancel_func(ref)};
}

std::pair<context, cancel_cause_func> with_cause(const context& parent) {
  const auto ref = detail::context_handle::adopt(new detail::context_scope(parent.node()));
  join_parent(ref.get()->scope);
  return {context(ref), cancel_cause_func(ref)};
}

std::pair<context, cancel_func> with_deadline(const context& parent,
                                              std::chrono::steady_clock::time_point deadline,
                                              std::exception_ptr cause) {
  const std::int64_t deadline_ns = deadline.time_since_epoch() / std::chrono::nanoseconds(1);
  const auto ref = detail::context_handle::adopt(new detail::context_scope(parent.node()));
  detail::context_scope* scope = ref.get()->scope;
  const bool own = deadline_ns < scope->deadline_ns;
  if (own) {
    scope->deadline_ns = deadline_ns;
    scope->deadline_cause = std::move(cause);
  }
  join_parent(scope);
  if (own && deadline_ns <= base::now_ns()) {
    sync::Section section;
    // Nothing hangs on it yet, so nothing can die.
    (void)cancel_scope(section.thread(), scope, deadline_exceeded, scope->deadline_cause);
  } else if (own) {
    start_deadline(scope);
  }
  return {context(ref), cancel_func(ref)};
}

context without_cancel(const context& parent) {
  auto* node = new detail::context_node;
  node->end = [](detail::context_node* self) noexcept { delete self; };
  detail::put_below(node, parent.node());
  return context(detail::context_handle::adopt(node));
}

namespace detail {

std::pair<context, cancel_func> with_timeout_ns(const context& parent, std::int64_t ns,
                                                std::exception_ptr cause) {
  std::int64_t deadline_ns;
  if (__builtin_add_overflow(base::now_ns(), ns, &deadline_ns)) {
    deadline_ns = ns > 0 ? base::kNever : std::numeric_limits<std::int64_t>::min();
  }
  return with_deadline(parent,
                       std::chrono::steady_clock::time_point(std::chrono::nanoseconds(deadline_ns)),
                       std::move(cause));
}

// --- nodes

void destroy_context(counted* body) noexcept {
  auto* node = static_cast<context_node*>(body);
  do {
    context_node* const above = node->above;
    node->end(node);
    node = above;
  } while (node != nullptr && node->references.fetch_sub(1, std::memory_order_acq_rel) == 1);
}

void destroy_scopes(DeadScopes dead) noexcept {
  while (dead != nullptr) {
    context_scope* const scope = dead;
    dead = static_cast<context_scope*>(scope->next);
    destroy_context(scope);
  }
}

static void end_scope(context_node* node) noexcept {
  context_scope* scope = node->scope;
  {
    sync::Section section;
    if (context_scope* parent = scope->parent_scope()) {
      base::Guard guard(parent->lock);
      unlink_child(parent, scope);
    }
    sched::remove_timer(&scope->timer);
  }
  delete scope;
}

context_scope::context_scope(const context_handle& parent) : ContextChild(kScope) {
  end = end_scope;
  taken_from_outside = true;  // by a cancellation from above and by the deadline's timer
  put_below(this, parent);
  scope = this;
  if (parent_scope() != nullptr) deadline_ns = parent_scope()->deadline_ns;
}

// --- the done channel

static void end_done_channel(void* object, std::size_t) {
  auto* const done = static_cast<DoneChannel*>(object);
  // Nobody else can reach it: neither a user nor, its weak cell being cleared, the scope.
  if (context_scope* const scope = std::exchange(done->scope, nullptr)) {
    (void)context_handle::adopt(scope);
  }
}
static constexpr object_layout kDoneEnd{1, 0, &kEveryWord, end_done_channel};

static void set_end(DoneChannel* done, const object_layout* layout) {
  constexpr std::size_t kExtent =
      object_extent(sizeof(DoneChannel), alignof(DoneChannel), object_kind::destructible);
  write_end(done, kExtent, 1, layout);
}

bool take_scope(DoneChannel* done) {
  if (done->scope == nullptr) return false;
  done->scope = nullptr;
  set_end(done, nullptr);
  return true;
}

DoneChannel* find_done(const context_scope* scope) {
  if (scope->done_cell == nullptr) return nullptr;
  return static_cast<DoneChannel*>(weak_lock(scope->done_cell->get()));
}

// Allocates, so with no lock held.
static DoneChannel* new_done_channel() {
  sched::enter();
  void* const memory = heap::allocate(sizeof(DoneChannel), alignof(DoneChannel),
                                      object_kind::destructible, nullptr);
  sched::leave(base::current_thread());  // perhaps another one by now
  return ::new (memory) DoneChannel();
}

static DoneChannel* done_of(context_scope* scope) {
  {
    sync::Section section;
    base::Guard guard(scope->lock);
    if (DoneChannel* const found = find_done(scope)) return found;
  }
  DoneChannel* const made = new_done_channel();
  std::size_t offset;
  auto cell = std::make_unique<reference>(weak_cell_of(made, offset));
  sync::Section section;
  base::Guard guard(scope->lock);
  if (DoneChannel* const found = find_done(scope)) return found;
  if (is_done(scope)) {
    made->set(sync::kClosed);
  } else {
    scope->references.fetch_add(1, std::memory_order_relaxed);  // the caller has another
    made->scope = scope;
    set_end(made, &kDoneEnd);
  }
  scope->done_cell.swap(cell);
  return made;
}

sync::Channel* done_core(const context& ctx) {
  context_scope* scope = scope_of(ctx);
  return scope != nullptr ? done_of(scope) : nullptr;
}

void throw_context_error(const context& ctx) {
  const context_scope* scope = scope_of(ctx);
  throw context_error(error_of(scope), scope->cause);
}

// --- functions

static_assert(sizeof(context_function) <= owner_bytes<context_function> &&
              owner_bytes<context_function> % kFunctionAlignment == 0);

context_function* init_owner(std::type_identity<context_function>, void* memory,
                             const function_type& type) noexcept {
  return ::new (memory) context_function(type);
}

void end_owner(context_function* owner) noexcept { owner->~context_function(); }

void watch_context(const context& ctx, context_function* owner) {
  context_scope* scope = scope_of(ctx);
  if (scope == nullptr) return;  // never called; unwatch_context still says who was first
  owner->watched = ctx.node();
  owner->references.fetch_add(1, std::memory_order_relaxed);
  sync::Section section;
  {
    base::Guard guard(scope->lock);
    if (!is_done(scope)) return link_child(scope, owner);
  }
  if (owner->choice.claim()) start_context_function(owner);
}

bool unwatch_context(context_function* owner) noexcept {
  {
    sync::Section section;
    if (!owner->choice.claim()) return false;  // [X2]
    if (owner->watched.get() == nullptr) return true;
    context_scope* scope = owner->watched.get()->scope;
    base::Guard guard(scope->lock);
    unlink_child(scope, owner);
  }
  owner->references.fetch_sub(1, std::memory_order_relaxed);  // the caller has another
  return true;
}

}  // namespace detail

recv_chan<unit> context::done() const {
  detail::context_scope* scope = scope_of(*this);
  if (scope == nullptr) return {};
  return recv_chan<unit>(detail::done_of(scope));
}

}  // namespace gort
