// Paths to objects as text, and debug::path_to_root. See path.h.
//
// The way is read from its end: each object knows the place of the reference it was found by, and
// the place lies in the object before. A chain of a million list nodes is told by its two ends.
#include "gc/path.h"

#include <dlfcn.h>

#include <cstdio>
#include <string_view>

#include "base/assert.h"
#include "gc/phase.h"
#include "gort/debug.hpp"
#include "gort/error.hpp"
#include "heap/type_notes.h"
#include "sched/sched.h"

namespace gort::collector {
namespace {

const char* name_of_kind(heap::Kind kind) {
  static constexpr const char* kNames[] = {"", ", without pointers", ", with a destructor",
                                           ", not collected"};
  return kNames[static_cast<unsigned>(kind)];
}

bool find_step(std::uintptr_t object, PathStep& step) {
  heap::Found found;
  if (!heap::find(object, found)) return false;
  step.object = found.object;
  step.bytes = found.span->slot_bytes != 0 ? found.span->slot_bytes : found.span->bytes();
  step.kind = found.span->kind;
  step.type = heap::noted_type(found.object);
  if (step.type != nullptr || found.span->kind == heap::Kind::noscan) return true;
  const heap::Layout* const layout = heap::layout_of(found);
  if (layout != nullptr) step.type = layout->type;
  return true;
}

// The object whose word `place` is.
std::uintptr_t holder_of(std::uintptr_t place) {
  heap::Found found;
  GORT_CHECK(heap::find(place, found));
  return found.object;
}

void note_root(const sched::WorldStopped* world, const Reach& reach, std::uintptr_t object,
               Path& path) {
  path.kind = reach.root_kind_of(object);
  path.place = reinterpret_cast<const void*>(reach.place_of(object));
  if (world == nullptr) return;
  const auto* const place = static_cast<const char*>(path.place);
  sched::for_each_goroutine(*world, [&](sched::Goroutine* goroutine) {
    const auto* const record = reinterpret_cast<const char*>(goroutine);
    const bool in_record = place >= record && place < record + sizeof *goroutine;
    const sched::Stack& stack = goroutine->stack;
    const bool in_stack = stack.top != nullptr && place >= stack.low && place < stack.top;
    if (in_record || in_stack) path.goroutine = goroutine->id;
  });
}

// As the compiler writes it; empty if it is not known.
std::string_view type_of(const PathStep& step) {
  if (step.type == nullptr) return {};
  std::string_view text = step.type;
  text.remove_prefix(text.find("T = ") + 4);  // heap_core.hpp
  text.remove_suffix(1);
  return text.substr(0, 200);
}

template <class... Arguments>
std::string format(const char* pattern, Arguments... arguments) {
  char buffer[256];
  std::snprintf(buffer, sizeof buffer, pattern, arguments...);
  return buffer;
}

// Where memory that is not collected belongs, as far as the dynamic linker knows.
std::string place_text(const void* place) {
  Dl_info info;
  if (::dladdr(place, &info) == 0 || info.dli_fname == nullptr) return {};
  const auto in_file = static_cast<std::size_t>(static_cast<const char*>(place) -
                                                static_cast<const char*>(info.dli_fbase));
  std::string text = format(" (%.100s+0x%zx", info.dli_fname, in_file);
  if (info.dli_sname != nullptr) text += format(" %.100s", info.dli_sname);
  return text + ")";
}

std::string text_of(const PathStep& step, bool first) {
  std::string text = format("-> object %p, %zu bytes%s", reinterpret_cast<void*>(step.object),
                            step.bytes, name_of_kind(step.kind));
  if (!first) text = format("+%zu ", static_cast<std::size_t>(step.offset)) + text;
  const std::string_view type = type_of(step);
  return type.empty() ? text : text.append(", ").append(type);
}

}  // namespace

void find_path(const sched::WorldStopped* world, const Reach& reach, std::uintptr_t object,
               Path& path) {
  path.found = reach.has(object);
  if (!path.found) return;
  path.length = 1;
  std::uintptr_t at = object;
  for (; !reach.is_from_root(at); at = holder_of(reach.place_of(at))) ++path.length;
  note_root(world, reach, at, path);
  // From the object up, the middle left out.
  constexpr std::size_t kMost = Path::kMostSteps;
  path.count = path.length < 2 * kMost ? path.length : 2 * kMost;
  at = object;
  for (std::size_t left = path.length, next = path.count; left > 0; --left) {
    const bool is_root = reach.is_from_root(at);
    const std::uintptr_t place = reach.place_of(at);
    const std::uintptr_t holder = is_root ? 0 : holder_of(place);
    if (path.length == path.count || left <= kMost || path.length - left < kMost) {
      PathStep& step = path.steps[--next];
      find_step(at, step);
      step.place = place;
      step.offset = is_root ? 0 : place - holder;
    }
    at = holder;
  }
}

namespace {

void print_step(const char* what, const PathStep& step) {
  const std::string_view type = type_of(step);
  base::write_stderr("%s %p: %zu bytes%s, %.*s\n", what, reinterpret_cast<void*>(step.object),
                     step.bytes, name_of_kind(step.kind),
                     type.empty() ? 12 : static_cast<int>(type.size()),
                     type.empty() ? "unknown type" : type.data());
}

}  // namespace

void print_object(const char* what, std::uintptr_t object) {
  PathStep step;
  if (!find_step(object, step)) {
    base::write_stderr("%s %p, which is no object\n", what, reinterpret_cast<void*>(object));
    return;
  }
  print_step(what, step);
}

void print_path(const Reach& reach, std::uintptr_t object) {
  static Path path;  // one at a time, on a process that dies
  path = Path();
  find_path(nullptr, reach, object, path);
  if (!path.found) return;
  base::write_stderr("  %s at %p\n", name_of(path.kind), path.place);
  for (std::size_t i = 0; i < path.count; ++i) {
    const PathStep& step = path.steps[i];
    base::write_stderr("  +%zu ", static_cast<std::size_t>(step.offset));
    print_step("-> object", step);
  }
}

std::vector<std::string> text_of(const Path& path) {
  std::vector<std::string> lines;
  if (!path.found) return lines;
  std::string root = name_of(path.kind);
  if (path.goroutine != 0) {
    root += format(" of goroutine %llu", static_cast<unsigned long long>(path.goroutine));
  }
  root += format(" at %p", path.place);
  if (path.kind == RootKind::handle) root += place_text(path.place);
  lines.push_back(std::move(root));
  for (std::size_t i = 0; i < path.count; ++i) {
    if (i == Path::kMostSteps && path.count < path.length) {
      lines.push_back(format("... %zu objects ...", path.length - path.count));
    }
    lines.push_back(text_of(path.steps[i], i == 0));
  }
  return lines;
}

namespace {

// While no cycle is under way: nobody else halts threads then.
bool try_find_path(std::uintptr_t object, Path& path) {
  sched::StoppedWorld stopped;
  if (phase() != Phase::idle) return false;
  sched::HaltedThreads halted(stopped.token());
  Reach reach;
  reach.from_roots(stopped.token(), halted, object);
  find_path(&stopped.token(), reach, object, path);
  return true;
}

}  // namespace
}  // namespace gort::collector

namespace gort::debug {

std::vector<std::string> path_to_root(const void* p) {
  heap::Found found;
  if (!heap::find(reinterpret_cast<std::uintptr_t>(p), found)) {
    gort::detail::throw_runtime_error("gort::debug::path_to_root: not in a collected object");
  }
  auto path = std::make_unique<collector::Path>();
  { sched::Section attaches; }
  while (!collector::try_find_path(found.object, *path)) {
    sched::Section section;
    section.yield();
  }
  asm volatile("" : : "r"(p) : "memory");  // it lives up to here
  return collector::text_of(*path);
}

}  // namespace gort::debug
