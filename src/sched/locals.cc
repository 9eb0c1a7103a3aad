// goroutine_local: a small table per goroutine, made when the first variable is set.
//
// Few goroutines have such variables and those have few, so it is a list searched from its start.
// Values are destroyed on the goroutine itself when its function has returned, newest first. Runs
// on the calling goroutine or foreign thread, whose values live as long as the thread is attached.
// Not here: the typed variable (gort/go.hpp).
#include "sched/safepoint.h"
#include "sched/sanitizer.h"

namespace gort::sched {
namespace {

struct Local {
  const void* key;
  void* value;
  void (*destroy)(void*);
  Local* next;
};

void destroy_all(void* list) {
  auto* local = static_cast<Local*>(list);
  while (local != nullptr) {
    Local* next = local->next;
    local->destroy(local->value);
    delete local;
    local = next;
  }
}

Goroutine* calling_goroutine() {
  Thread* thread = enter();
  Goroutine* self = thread->current;
  leave(thread);
  return self;
}

}  // namespace
}  // namespace gort::sched

namespace gort::detail {

using namespace gort::sched;

void* local_get(const void* key) {
  const Extra* extra = calling_goroutine()->extra;
  if (extra == nullptr) return nullptr;
  for (auto* local = static_cast<Local*>(extra->locals); local != nullptr; local = local->next) {
    if (local->key == key) return local->value;
  }
  return nullptr;
}

void local_set(const void* key, void* value, void (*destroy)(void*)) {
  Extra* extra = extra_of(calling_goroutine());
  for (auto* local = static_cast<Local*>(extra->locals); local != nullptr; local = local->next) {
    if (local->key == key) {
      void* old = local->value;
      local->value = value;
      local->destroy(old);
      return;
    }
  }
  extra->locals = new Local{key, value, destroy, static_cast<Local*>(extra->locals)};
  extra->destroy_locals = destroy_all;
}

}  // namespace gort::detail
