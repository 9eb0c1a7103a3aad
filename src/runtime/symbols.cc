// Symbols and lines: debug information where there is some, the dynamic symbol table otherwise.
//
// The physical function of an address comes from the symbol table, its line from the line table,
// and the chain of functions inlined there from its unit's tree (debug_unit.h). Compilers differ in
// whether they index their units by address; where the index is missing the units are asked one by
// one.
// Runs on the thread that prints. Not here: loading the library (libdw.cc).
#include "runtime/symbols.h"

#include <cxxabi.h>
#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>

#include "runtime/elf_symbols.h"

namespace gort::runtime {
namespace {

libdw::Die* unit_of(const libdw::Functions& f, libdw::Module* module, std::uintptr_t pc,
                    std::uint64_t& bias) {
  if (libdw::Die* unit = f.unit_at(module, pc, &bias)) return unit;
  for (libdw::Die* unit = nullptr; (unit = f.next_unit(module, unit, &bias)) != nullptr;) {
    if (f.has_pc(unit, pc - bias) > 0) return unit;
  }
  return nullptr;
}

}  // namespace

std::string demangle(const char* symbol) {
  int status = 0;
  char* name = abi::__cxa_demangle(symbol, nullptr, nullptr, &status);
  // What is not mangled is a C function: parameters are not part of its name.
  std::string text = status == 0 ? std::string(name) : symbol + std::string("(...)");
  std::free(name);
  return text;
}

Symbols::~Symbols() {
  if (session_ != nullptr) libdw_->end(session_);
}

const std::vector<SourceFrame>& Symbols::at(std::uintptr_t pc) {
  const auto found = known_.find(pc);
  if (found != known_.end()) return found->second;
  return known_.emplace(pc, look_up(pc)).first->second;
}

bool Symbols::open() {
  if (opened_) return session_ != nullptr;
  opened_ = true;
  libdw_ = libdw::load();
  if (libdw_ == nullptr) return false;
  static const libdw::Callbacks callbacks{libdw_->find_elf, libdw_->find_debuginfo, nullptr,
                                          nullptr};
  libdw::Dwfl* session = libdw_->begin(&callbacks);
  if (session == nullptr) return false;
  if (libdw_->report_process(session, ::getpid()) != 0 ||
      libdw_->report_end(session, nullptr, nullptr) != 0) {
    libdw_->end(session);
    return false;
  }
  session_ = session;
  return true;
}

std::vector<SourceFrame> Symbols::look_up(std::uintptr_t pc) {
  std::vector<SourceFrame> frames;
  if (open() && look_up_debug_info(pc, frames)) return frames;
  SourceFrame frame;
  Dl_info info{};
  if (::dladdr(reinterpret_cast<void*>(pc), &info) != 0 && info.dli_fname != nullptr) {
    frame.file = info.dli_fname;
    frame.offset = pc - reinterpret_cast<std::uintptr_t>(info.dli_fbase);
    if (info.dli_sname != nullptr) {
      frame.function = demangle(info.dli_sname);
      frame.offset = pc - reinterpret_cast<std::uintptr_t>(info.dli_saddr);
    }
    // The dynamic table has what the program exports: of an executable, mostly nothing.
    const auto base = reinterpret_cast<std::uintptr_t>(info.dli_fbase);
    const ElfSymbol symbol = elf_symbol_at(info.dli_fname, base, pc);
    if (!symbol.name.empty()) {
      frame.function = demangle(symbol.name.c_str());
      frame.offset = symbol.offset;
    }
  }
  frames.push_back(std::move(frame));
  return frames;
}

bool Symbols::look_up_debug_info(std::uintptr_t pc, std::vector<SourceFrame>& frames) {
  libdw::Module* module = libdw_->module_of(session_, pc);
  if (module == nullptr) return false;
  SourceFrame frame;
  std::uint64_t start = 0;
  const char* file = nullptr;
  const char* name =
      libdw_->module_info(module, nullptr, &start, nullptr, nullptr, nullptr, &file, nullptr);
  frame.file = file != nullptr ? file : name != nullptr ? name : "";
  frame.offset = pc - start;
  std::uint64_t offset = 0;
  libdw::Symbol symbol{};
  if (const char* found =
          libdw_->symbol_at(module, pc, &offset, &symbol, nullptr, nullptr, nullptr)) {
    frame.function = demangle(found);
    frame.offset = offset;
  }
  std::uint64_t bias = 0;
  libdw::Die* unit = unit_of(*libdw_, module, pc, bias);
  libdw::Line* line = unit != nullptr ? libdw_->line_at(unit, pc - bias) : nullptr;
  if (line != nullptr) {
    int number = 0;
    const char* source = libdw_->line_file(line, nullptr, nullptr);
    if (source != nullptr && libdw_->line_number(line, &number) == 0 && number > 0) {
      frame.file = source;
      frame.line = static_cast<unsigned>(number);
    }
  }
  frames.push_back(std::move(frame));
  if (unit != nullptr) expand_inlined(unit, pc - bias, frames);
  return true;
}

// `frames` holds the physical function with the innermost line. What was inlined takes that line,
// and each function further out has the line of the call.
void Symbols::expand_inlined(libdw::Die* unit, std::uint64_t pc, std::vector<SourceFrame>& frames) {
  auto known = units_.find(unit->unit);
  if (known == units_.end()) known = units_.emplace(unit->unit, DebugUnit(*libdw_, unit)).first;
  const std::vector<UnitFrame> functions = known->second.frames_at(pc);
  if (functions.empty()) return;
  SourceFrame frame = std::move(frames.back());
  frames.pop_back();
  const std::string physical = std::move(frame.function);
  for (const UnitFrame& function : functions) {
    frame.function = function.function;
    frames.push_back(frame);
    if (function.call_line != 0 && !function.call_file.empty()) {
      frame.file = function.call_file;
      frame.line = function.call_line;
    }
  }
  // The symbol has the parameters, too, where the function has no linkage.
  if (!physical.empty()) frames.back().function = physical;
}

}  // namespace gort::runtime
