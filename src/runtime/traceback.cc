// Walking stacks with the C++ runtime's unwinder, choosing frames, printing them.
//
// The unwinder knows signal frames and follows any register rule, so one function walks a thread's
// own stack, what a signal interrupted (the walk starts in the handler, on its stack, and passes
// through the signal's frame), and a parked goroutine (walk.h). In the second case frames count
// from the signal's on.
//
// Hidden are gort's internal namespaces, the few functions of the C++ runtime between a throw and
// the report, and the library's call wrappers between a goroutine's first frame and the user's
// function; everything is shown with GOTRACEBACK=system. Runs on any thread. Not here: symbols.cc.
#include "runtime/traceback.h"

#include <unwind.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "runtime/death.h"
#include "runtime/walk.h"

namespace gort::runtime {
namespace {

constexpr std::size_t kShownEnd = 50;                      // Go's
constexpr std::size_t kMostFrames = std::size_t{1} << 26;  // a damaged stack may lead in circles
constexpr int kLookUpMs = 5000;  // debug information of a large program, read for the first time

struct Walk {
  Trace* trace;
  bool in_handler;  // frames are the handler's own until the signal's
  std::size_t left;
};

_Unwind_Reason_Code take_frame(_Unwind_Context* context, void* argument) {
  Walk& walk = *static_cast<Walk*>(argument);
  int before_instruction = 0;
  const std::uintptr_t pc = _Unwind_GetIPInfo(context, &before_instruction);
  if (pc == 0 || walk.left-- == 0) return _URC_END_OF_STACK;
  if (before_instruction != 0 && walk.in_handler) {
    walk.in_handler = false;
    walk.trace->clear();
  }
  // A return address may belong to the next line, or function: its call is before it.
  walk.trace->add(before_instruction != 0 ? pc : pc - 1);
  return _URC_NO_REASON;
}

void walk_here(void* argument) { _Unwind_Backtrace(take_frame, argument); }

constexpr std::string_view kInternal[] = {
    "gort::sched::",   "gort::base::",  "gort::detail::",   "gort::runtime::",
    "gort::sync::",    "gort::go<",     "gort_switch",      "gort_goroutine_",
    "gort_walk_",      "gort_call_on_", "std::__invoke",    "std::invoke<",
    "std::apply<",     "std::__apply",  "std::terminate()", "std::rethrow_exception",
    "__cxa_throw",     "__cxa_rethrow", "__cxxabiv1::",     "__gxx_personality",
    "__clang_call_",   "__cxa_call_",   "_Unwind_",         "__restore_rt",
    "gort::panic<",    "gort::run<",    "__kernel_rt_",     "__interceptor_",
    "___interceptor_",
};

// A function's template's name begins with its return type; nothing else has a space before a
// parameter list.
std::string_view without_return_type(std::string_view name) {
  int depth = 0;
  std::size_t start = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (c == '<' || c == '{') ++depth;
    if (c == '>' || c == '}') --depth;
    if (c == '(' && depth == 0) break;
    if (c == ' ' && depth == 0 && name.substr(start, i - start) != "operator") start = i + 1;
  }
  return name.substr(start);
}

// Frames one by one, in pieces of at most `kShownEnd` that were chosen by the caller.
struct Printer {
  Writer& out;
  Symbols& symbols;
  Visibility visibility;
  bool dying;

  struct Lookup {
    Symbols& symbols;
    std::uintptr_t pc;
    const std::vector<SourceFrame>* frames;
  };

  // Null if the lookup had to be cut off.
  const std::vector<SourceFrame>* look_up(std::uintptr_t pc) {
    if (symbols.broken()) return nullptr;
    Lookup lookup{symbols, pc, nullptr};
    const auto step = [](void* argument) {
      auto& it = *static_cast<Lookup*>(argument);
      it.frames = &it.symbols.at(it.pc);
    };
    if (!dying) {
      step(&lookup);
    } else if (!attempt(step, &lookup, kLookUpMs)) {
      symbols.give_up();
      return nullptr;
    }
    return lookup.frames;
  }

  bool shows(const SourceFrame& frame) const {
    if (visibility == Visibility::user) return !is_internal(frame);
    // How the stack was collected is no part of it.
    return frame.function.find("::walk_here(") == std::string::npos &&
           frame.function.substr(0, 10) != "gort_walk_";
  }

  std::size_t visible_at(std::uintptr_t pc) {
    const auto* frames = look_up(pc);
    if (frames == nullptr) return 1;
    std::size_t count = 0;
    for (const SourceFrame& frame : *frames) count += shows(frame) ? 1 : 0;
    return count;
  }

  void print_address(std::uintptr_t pc) { out.print("0x%zx\n\t?\n", static_cast<std::size_t>(pc)); }

  void print_place(const SourceFrame& frame) {
    out.write("\t");
    out.write(frame.file.empty() ? std::string_view("?") : std::string_view(frame.file));
    if (frame.line != 0) out.print(":%u", frame.line);
    out.print(" +0x%zx\n", static_cast<std::size_t>(frame.offset));
  }

  void print_function(const SourceFrame& frame, std::uintptr_t pc) {
    if (frame.function.empty()) {
      out.print("0x%zx", static_cast<std::size_t>(pc));
    } else {
      out.write(without_return_type(frame.function));
    }
  }

  // Skips `skip` visible frames of the address, then prints up to `most`; returns how many it
  // printed.
  std::size_t print_pc(std::uintptr_t pc, std::size_t skip, std::size_t most) {
    const auto* frames = look_up(pc);
    if (frames == nullptr) {
      if (skip == 0 && most > 0) print_address(pc);
      return skip == 0 && most > 0 ? 1 : 0;
    }
    std::size_t printed = 0;
    for (const SourceFrame& frame : *frames) {
      if (!shows(frame)) continue;
      if (skip > 0) {
        --skip;
        continue;
      }
      if (printed == most) break;
      print_function(frame, pc);
      out.write("\n");
      print_place(frame);
      ++printed;
    }
    return printed;
  }
};

}  // namespace

bool is_internal(const SourceFrame& frame) {
  if (frame.function.empty()) {
    // The C++ runtime has functions that are in no symbol table, between a throw and terminate.
    const std::string_view file = frame.file;
    return file.find("/libstdc++.so") != file.npos || file.find("/libgcc_s.so") != file.npos;
  }
  const std::string_view name = without_return_type(frame.function);
  // Without debug information the first frame may have the user's function inlined, untold.
  const bool may_hide_user = name.starts_with("gort::run<") ||
                             name.starts_with("gort::detail::run_inline<") ||
                             name.starts_with("gort::detail::run_boxed<");
  if (frame.line == 0 && may_hide_user) return false;
  for (const std::string_view prefix : kInternal) {
    if (name.substr(0, prefix.size()) == prefix) return true;
  }
  return false;
}

bool Trace::contains(bool (*matches)(std::uintptr_t pc)) const {
  for (std::size_t i = 0; i < first_count(); ++i) {
    if (matches(first_[i])) return true;
  }
  return false;
}

std::vector<std::uintptr_t> Trace::kept() const {
  std::vector<std::uintptr_t> pcs(first_, first_ + first_count());
  for (std::size_t i = 0; i < last_count(); ++i) pcs.push_back(last(i));
  return pcs;
}

void Trace::restore(const std::vector<std::uintptr_t>& kept, std::size_t total) {
  total_ = total;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (i < kEnd) {
      first_[i] = kept[i];
    } else {
      const std::size_t outward = i - kEnd;
      last_[total - kEnd < kEnd ? outward : (total - kEnd + outward) % kEnd] = kept[i];
    }
  }
}

void trace_here(Trace& trace) {
  trace.clear();
  Walk walk{&trace, false, kMostFrames};
  walk_here(&walk);
}

void trace_interrupted(Trace& trace) {
  trace.clear();
  Walk walk{&trace, true, kMostFrames};
  walk_here(&walk);
}

void trace_parked(Trace& trace, void* saved_sp) {
  trace.clear();
  Walk walk{&trace, false, kMostFrames};
  gort_walk_parked(saved_sp, walk_here, &walk);
}

void print_trace(Writer& out, Symbols& symbols, const Trace& trace, Visibility visibility,
                 bool dying) {
  Printer printer{out, symbols, visibility, dying};
  const std::size_t inner = trace.first_count(), outer = trace.last_count();
  const auto pc_at = [&](std::size_t i) {
    return i < inner ? trace.first(i) : trace.last(i - inner);
  };
  std::size_t visible_inner = 0, visible_outer = 0;
  for (std::size_t i = 0; i < inner; ++i) visible_inner += printer.visible_at(trace.first(i));
  for (std::size_t i = 0; i < outer; ++i) visible_outer += printer.visible_at(trace.last(i));
  const std::size_t visible = visible_inner + visible_outer;
  const std::size_t between = trace.total() - inner - outer;  // not kept
  const bool all = visible <= 2 * kShownEnd && between == 0;
  const std::size_t head = all ? visible : std::min(kShownEnd, visible_inner);
  const std::size_t tail =
      all ? 0 : std::min(kShownEnd, between == 0 ? visible - head : visible_outer);
  std::size_t left = head;
  for (std::size_t i = 0; i < inner + outer && left > 0; ++i) {
    left -= printer.print_pc(pc_at(i), 0, left);
  }
  if (all) return;
  out.print("...%zu frames elided...\n", visible + between - head - tail);
  std::size_t skip = visible - tail;
  for (std::size_t i = 0; i < inner + outer; ++i) {
    const std::size_t here = printer.visible_at(pc_at(i));
    if (here <= skip) {
      skip -= here;
      continue;
    }
    printer.print_pc(pc_at(i), skip, here);
    skip = 0;
  }
}

void print_creator(Writer& out, Symbols& symbols, const void* creator_pc, std::uint64_t creator_id,
                   bool dying) {
  if (creator_pc == nullptr) return;
  const std::uintptr_t pc = reinterpret_cast<std::uintptr_t>(creator_pc) - 1;
  Printer printer{out, symbols, Visibility::user, dying};
  const auto* frames = printer.look_up(pc);
  if (frames == nullptr) {
    out.print("created by 0x%zx in goroutine %llu\n", static_cast<std::size_t>(pc),
              static_cast<unsigned long long>(creator_id));
    return;
  }
  // The go statement is the innermost frame that is not gort's; a spawn that was not inlined has
  // only its own.
  const SourceFrame* chosen = &frames->back();
  for (const SourceFrame& frame : *frames) {
    if (without_return_type(frame.function).substr(0, 6) != "gort::") {
      chosen = &frame;
      break;
    }
  }
  out.write("created by ");
  printer.print_function(*chosen, pc);
  out.print(" in goroutine %llu\n", static_cast<unsigned long long>(creator_id));
  printer.print_place(*chosen);
}

}  // namespace gort::runtime
