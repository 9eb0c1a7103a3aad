// What a context is made of, and the few functions that the public templates call.
//
// A context is a chain of nodes towards its root: each holds a value, or can be cancelled, or cuts
// off the cancelling of those above it (without_cancel). Nodes are counted; a node keeps those
// above it alive, never those below. Nodes never change but for what a cancellation writes, so
// walking up needs no lock.
//
// Every node knows the nearest one above or at itself that can be cancelled, its scope, so that
// asking whether a context is done does not walk.
//
// These names are for gort's headers, not for users. Not here: cancelling (src/sync/context.cc),
// the done channel for those who wait with a context (chan_core.hpp).
#pragma once

#include <atomic>
#include <utility>

#include "gort/detail/function_core.hpp"
#include "gort/detail/handle.hpp"

namespace gort {
class context;
}

namespace gort::detail {

struct context_scope;  // a node that can be cancelled

// The last reference is gone: ends the node, and those above it of which it held the last.
void destroy_context(counted* body) noexcept;

struct context_node : counted {
  context_node() { destroy = destroy_context; }

  // Set once.
  void (*end)(context_node* self) noexcept = nullptr;  // destroys and frees the node alone
  context_node* above = nullptr;                       // holds a reference; null: the background
  context_scope* scope = nullptr;                      // null: never done
  const void* key = nullptr;                           // of the value held here, if one is
  const void* value = nullptr;
};
using context_handle = handle<context_node>;

// Makes `node` hold a reference to the one above.
inline void put_below(context_node* node, const context_handle& parent) noexcept {
  node->above = parent.get();
  if (node->above != nullptr) {
    node->above->references.fetch_add(1, std::memory_order_relaxed);
  }
}

// The value held nearest to `node` under `key`, or null.
inline const void* find_value(const context_node* node, const void* key) noexcept {
  for (; node != nullptr; node = node->above) {
    if (node->key == key) return node->value;
  }
  return nullptr;
}

// One address per type.
template <class T>
inline constexpr char type_key = 0;

// In the heap's memory: the value may refer to collected objects by plain pointers.
template <class T>
struct value_node : context_node {
  T held;

  template <class U>
  value_node(const context_handle& parent, const void* under, U&& given)
      : held(std::forward<U>(given)) {
    end = [](context_node* self) noexcept { end_body()(static_cast<value_node*>(self)); };
    put_below(this, parent);
    scope = above != nullptr ? above->scope : nullptr;
    key = under;
    value = &held;
  }
};
template <class T>
context_handle make_value_node(const context_handle& parent, const void* under, T&& value) {
  return context_handle::adopt(
      make_body_box<value_node<T>>(parent, under, std::move(value)).release());
}

// Calls the function in `owner` when `ctx` is done, at once if it is.
void watch_context(const context& ctx, context_function* owner);
bool unwatch_context(context_function* owner) noexcept;

}  // namespace gort::detail
