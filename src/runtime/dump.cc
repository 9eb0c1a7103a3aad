// Printing goroutines: the report of a death, and dump_goroutines.
//
// The first is written for a process in any state: nothing it needs is allocated, each stack and
// each name is an attempt (death.h), and the world is frozen as well as it can be. The second
// collects everything in one stop of the world, which is short, and prints while the others run
// again.
// Runs on the death stack; on the calling thread. Not here: a single stack (traceback.cc).
#include "runtime/dump.h"

#include <sys/mman.h>
#include <unwind.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/event.h"
#include "base/this_thread.h"
#include "gort/debug.hpp"
#include "runtime/death.h"
#include "runtime/goroutines.h"
#include "runtime/interrupt.h"
#include "runtime/options.h"
#include "sched/sched.h"

namespace gort::runtime {

using sched::Goroutine;

namespace {

constexpr std::int64_t kFreezeNs = 1'000'000'000;
constexpr int kStackMs = 5000;  // a stack of millions of frames

void print_header(Writer& out, const Header& header) {
  out.print("goroutine %llu ", static_cast<unsigned long long>(header.id));
  if (header.name != nullptr) {
    out.write("\"");
    out.write(header.name);
    out.write("\" ");
  }
  out.print("[%s", header.state);
  if (header.minutes > 0) out.print(", %u minute%s", header.minutes, header.minutes > 1 ? "s" : "");
  out.write(header.locked ? ", locked to thread]:\n" : "]:\n");
}

constexpr const char* kUnavailable = "\tgoroutine running on other thread; stack unavailable\n";

// --- the report of a death -----------------------------------------------------------------------

struct Death {
  Fault fault = Fault::nobody;
  base::FatalScope scope = base::FatalScope::all;
  Goroutine* goroutine = nullptr;  // at fault
  bool in_scheduler = false;
  bool frozen = false;
  Symbols* symbols = nullptr;
  Visibility visibility = Visibility::user;
};
Death death;
alignas(Symbols) std::byte symbols_storage[sizeof(Symbols)];

// A failed check of our own is no use without our own frames.
bool is_failed_check(std::uintptr_t pc) {
  return _Unwind_FindEnclosingFunction(reinterpret_cast<void*>(pc)) ==
         reinterpret_cast<void*>(&base::check_failed);
}

void print_fault(Writer& out) {
  Visibility visibility = death.visibility;
  out.write("\n");
  if (death.goroutine != nullptr) {
    Header header = header_of(*death.goroutine, Whereabouts::running);
    header.state = "running";
    header.minutes = 0;
    print_header(out, header);
  } else if (death.in_scheduler) {
    out.write("runtime stack:\n");
    visibility = Visibility::every;
  } else {
    out.print("thread %d [running]:\n", static_cast<int>(base::os::thread_id()));
  }
  print_trace(out, *death.symbols, death_trace(), visibility, true);
  if (death.goroutine != nullptr) {
    print_creator(out, *death.symbols, death.goroutine->creator_pc, death.goroutine->creator_id,
                  true);
  }
}

struct ParkedStack {
  Trace* trace;
  void* sp;
};

void print_other(Writer& out, Goroutine* goroutine) {
  static Trace trace;
  const Whereabouts where = whereabouts_of(*goroutine);
  out.write("\n");
  print_header(out, header_of(*goroutine, where));
  bool known = false;
  if (where == Whereabouts::parked) {
    ParkedStack stack{&trace, goroutine->sp};
    known = attempt(
        [](void* argument) {
          auto& it = *static_cast<ParkedStack*>(argument);
          trace_parked(*it.trace, it.sp);
        },
        &stack, kStackMs);
    if (!known) out.write("\tstack unavailable: it could not be read\n");
  } else if (where == Whereabouts::running) {
    const sched::Thread* thread = thread_of(*goroutine);
    known = thread != nullptr &&
            trace_other_thread(thread->tid.load(std::memory_order_relaxed), trace);
    if (!known) out.write(kUnavailable);
  }
  if (known) print_trace(out, *death.symbols, trace, death.visibility, true);
  print_creator(out, *death.symbols, goroutine->creator_pc, goroutine->creator_id, true);
}

// All that are listed, ordered by number, in memory of their own: the allocator may be locked.
struct List {
  bool with_system;
  Goroutine** items = nullptr;
  std::size_t room = 0, count = 0;
};

void collect(void* argument) {
  List& list = *static_cast<List*>(argument);
  if (death.frozen) mark_queued_goroutines();
  std::size_t total = 0;
  sched::scheduler.goroutines.for_each([&](Goroutine&) { ++total; });
  const std::size_t bytes = (total + 1) * sizeof(Goroutine*);
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return;
  list.items = static_cast<Goroutine**>(memory);
  list.room = total;
  sched::scheduler.goroutines.for_each([&](Goroutine& goroutine) {
    if (list.count < list.room && is_listed(goroutine, list.with_system)) {
      list.items[list.count++] = &goroutine;
    }
  });
  std::sort(list.items, list.items + list.count,
            [](const Goroutine* a, const Goroutine* b) { return a->id < b->id; });
}

void print_others(Writer& out) {
  static List list;
  list.with_system = options().traceback == Traceback::system;
  if (!attempt(collect, &list, kStackMs)) {
    out.write("\nthe other goroutines could not be listed\n");
    return;
  }
  for (std::size_t i = 0; i < list.count; ++i) {
    if (list.items[i] != death.goroutine) print_other(out, list.items[i]);
  }
}

void print_report(void*) {
  const Traceback level = options().traceback;
  death.frozen = sched::freeze_world(kFreezeNs);
  if (level == Traceback::none) return;
  StderrWriter out;
  death.symbols = new (symbols_storage) Symbols();
  if (level == Traceback::system || death_trace().contains(is_failed_check)) {
    death.visibility = Visibility::every;
  }
  if (death.fault == Fault::calling) print_fault(out);
  if (death.scope == base::FatalScope::all || level != Traceback::single) print_others(out);
}

}  // namespace

Trace& death_trace() {
  static Trace trace;
  return trace;
}

void die_with_report(Fault fault, base::FatalScope scope) {
  death.fault = fault;
  death.scope = scope;
  death.goroutine = fault == Fault::calling ? running_goroutine() : nullptr;
  death.in_scheduler = is_scheduler_thread();
  report_and_die(print_report, nullptr);
}

void report_fatal(base::FatalScope scope) {
  const bool nobody = scope == base::FatalScope::all && running_goroutine() == nullptr;
  if (!nobody) trace_here(death_trace());
  die_with_report(nobody ? Fault::nobody : Fault::calling, scope);
}

// --- the dump of a living process ----------------------------------------------------------------

namespace {

struct Snapshot {
  Header header;
  std::string name;
  Whereabouts where;
  std::vector<std::uintptr_t> pcs;
  std::size_t total = 0;
  void* creator_pc;
  std::uint64_t creator_id;
};

Snapshot snapshot_of(const Goroutine& goroutine, Goroutine* caller, const Trace& callers_trace) {
  const bool is_caller = &goroutine == caller;
  const Whereabouts where = whereabouts_of(goroutine);
  Snapshot snapshot{header_of(goroutine, where), {}, where, {}, 0, goroutine.creator_pc,
                    goroutine.creator_id};
  if (snapshot.header.name != nullptr) snapshot.name = snapshot.header.name;
  if (is_caller) {
    snapshot.pcs = callers_trace.kept();
    snapshot.total = callers_trace.total();
  } else if (where == Whereabouts::parked) {
    static Trace trace;  // one world, one dump at a time in it
    trace_parked(trace, goroutine.sp);
    snapshot.pcs = trace.kept();
    snapshot.total = trace.total();
  }
  return snapshot;
}

std::vector<Snapshot> take_snapshots(Goroutine* caller, const Trace& callers_trace) {
  const bool with_system = options().traceback == Traceback::system;
  std::vector<Snapshot> snapshots;
  sched::StoppedWorld world;
  mark_queued_goroutines();
  sched::for_each_goroutine(world.token(), [&](Goroutine* goroutine) {
    if (is_listed(*goroutine, with_system)) {
      snapshots.push_back(snapshot_of(*goroutine, caller, callers_trace));
    }
  });
  return snapshots;
}

void print_snapshot(Writer& out, Symbols& symbols, Snapshot& snapshot) {
  if (snapshot.header.name != nullptr) snapshot.header.name = snapshot.name.c_str();
  print_header(out, snapshot.header);
  if (snapshot.total > 0) {
    Trace trace;
    trace.restore(snapshot.pcs, snapshot.total);
    print_trace(out, symbols, trace, Visibility::user, false);
  } else if (snapshot.where == Whereabouts::running) {
    out.write(kUnavailable);
  }
  print_creator(out, symbols, snapshot.creator_pc, snapshot.creator_id, false);
}

}  // namespace
}  // namespace gort::runtime

namespace gort {

void dump_goroutines(std::ostream& out) {
  using namespace runtime;
  { sched::Section attach; }
  sched::Goroutine* caller = running_goroutine();
  Trace trace;
  trace_here(trace);
  std::vector<Snapshot> snapshots = take_snapshots(caller, trace);
  const std::uint64_t callers_id = caller != nullptr ? caller->id : 0;
  std::sort(snapshots.begin(), snapshots.end(), [&](const Snapshot& a, const Snapshot& b) {
    const bool a_first = a.header.id == callers_id, b_first = b.header.id == callers_id;
    return a_first != b_first ? a_first : a.header.id < b.header.id;
  });
  StreamWriter writer(out);
  Symbols symbols;
  bool first = true;
  for (Snapshot& snapshot : snapshots) {
    if (!first) writer.write("\n");
    first = false;
    print_snapshot(writer, symbols, snapshot);
  }
}

}  // namespace gort
