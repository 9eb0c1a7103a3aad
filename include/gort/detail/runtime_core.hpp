// The few runtime functions that the public templates call.
//
// Everything typed is a thin shell in the public headers; what is behind it is type-erased and
// compiled once. A goroutine's callable is moved into storage that the runtime provides: inside its
// record when it fits in kInlineClosureBytes, else in memory of its own. These names are for gort's
// headers, not for users.
// Not here: channels (chan_core.hpp), waiting (wait_core.hpp).
#pragma once

#include <cstddef>
#include <cstdint>

namespace gort::sched {
struct Goroutine;
}

namespace gort::detail {

inline constexpr std::size_t kInlineClosureBytes = 64;

// Runs the callable stored at `closure` and destroys it (and frees it, where it was boxed).
using closure_entry = void (*)(void* closure);

// What goroutine_options carries to the runtime.
struct spawn_options {
  const char* name = nullptr;
  std::size_t name_bytes = 0;
  std::size_t stack_limit = 0;  // 0: the default
};

// A goroutine that does not run yet; its closure storage is for the caller to fill, then
// start_goroutine. If filling throws, drop_goroutine gives it back. Throws runtime_error for a bad
// stack limit.
struct new_goroutine {
  sched::Goroutine* goroutine;
  void* closure;
};
new_goroutine make_goroutine(closure_entry entry, const spawn_options* options);
void start_goroutine(sched::Goroutine* goroutine);
void drop_goroutine(sched::Goroutine* goroutine);
[[noreturn]] void fatal_go_of_nil();

// blocking(f): between the two the calling goroutine holds no processor.
void enter_blocking();
void leave_blocking();

// goroutine_local: the slot of `key` for the calling goroutine, null until set.
void* local_get(const void* key);
void local_set(const void* key, void* value, void (*destroy)(void*));

}  // namespace gort::detail
