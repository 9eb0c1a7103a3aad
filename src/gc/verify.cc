// Proving a cycle right. See verify.h.
//
// What was reachable at the flip is kept as the set that Reach has found. At the end every object
// of it must have been marked; and what is black then, from before or allocated meanwhile, must not
// refer to what is white, nor must any handle: that would be a reference that the program got from
// nowhere. Stacks are left out of the second question: a frame made since the flip may show what
// dead frames have left below.
//
// Looking through black objects happens while the program writes to them: whatever a slot holds at
// any moment must be black.
#include "gc/verify.h"

#ifdef GORT_CHECKED

#include <new>

#include "base/assert.h"
#include "base/no_sanitize.h"
#include "gc/handles.h"
#include "gc/hazard.h"
#include "gc/mark.h"
#include "gc/path.h"
#include "gc/reach.h"

namespace gort::collector {
namespace {

alignas(Reach) std::byte storage[sizeof(Reach)];
Reach* at_flip = nullptr;

[[noreturn]] void fail(const char* what, std::uintptr_t object) {
  base::write_stderr("gort: verification of the heap: %s\n", what);
  print_object("the object", object);
  if (at_flip != nullptr && at_flip->has(object)) {
    base::write_stderr("at the beginning of the cycle it was reachable from\n");
    print_path(*at_flip, object);
  }
  base::fatal(base::FatalScope::none, "the collector has made a mistake");
}

// A handle into a slot that is free: what it held was freed too early.
void check_handle_at_flip(const Root& root) {
  if (!heap::is_heap_address(root.value)) return;
  const heap::PageEntry entry = heap::entry_of(root.value);
  heap::Found found;
  if (entry.in_use() && entry.kind() == heap::Kind::manual) return;
  if (heap::find(root.value, found) || heap::find(root.value - 1, found)) return;
  base::write_stderr("gort: the handle at %p refers to %p, which is free\n", root.place,
                     reinterpret_cast<void*>(root.value));
  base::fatal(base::FatalScope::none, "a reference to memory that was freed");
}

void check_object(const heap::Found& found) {
  if (is_white(found)) {
    if (at_flip->has(found.object)) fail("not marked, though reachable", found.object);
    return;
  }
  for_each_reference(found, [&](const std::uintptr_t* place, std::uintptr_t value) {
    heap::Found target;
    if (!heap::find(value, target) || !is_white(target)) return;
    print_object("the referring object", found.object);
    base::write_stderr("holds it at %p\n", static_cast<const void*>(place));
    fail("about to be freed, though an object that lives refers to it", target.object);
  });
}

GORT_NO_SANITIZE void check_handle(void** slot, void*) {
  const auto value = reinterpret_cast<std::uintptr_t>(*const_cast<void* volatile*>(slot));
  heap::Found target;
  if (!heap::find(value, target) || !is_white(target)) return;
  base::write_stderr("the handle at %p holds it\n", static_cast<void*>(slot));
  fail("about to be freed, though a handle refers to it", target.object);
}

}  // namespace

void verify_flip(const sched::WorldStopped& world, const sched::HaltedThreads& halted) {
  GORT_CHECK(at_flip == nullptr);
  visit_roots(
      world, halted,
      [](const Root& root, void*) {
        if (root.kind == RootKind::handle) check_handle_at_flip(root);
      },
      nullptr);
  at_flip = new (storage) Reach(true);
  if (!at_flip->has_tables()) {  // the program is about to end for the same reason
    at_flip->~Reach();
    at_flip = nullptr;
    return;
  }
  at_flip->from_roots(world, halted);
}

void verify_heap(const sched::WorldStopped&) {
  if (at_flip == nullptr) return;
  for (const heap::Kind kind : {heap::Kind::scan, heap::Kind::noscan, heap::Kind::destructible}) {
    heap::for_each_span(kind, [](const heap::Span& span) {
      for (std::uint32_t slot = 0; slot < span.slots; ++slot) {
        heap::Found found;
        if (heap::find(span.slot_base(slot), found)) check_object(found);
      }
    });
  }
  visit_handles(check_handle, nullptr);
  if (hazard_checks()) report_hazards();
  at_flip->~Reach();
  at_flip = nullptr;
  heap::check_heap();
}

unsigned collect_every() {
  static const unsigned every = debug_number("gcstress");
  return every;
}

}  // namespace gort::collector

#endif
