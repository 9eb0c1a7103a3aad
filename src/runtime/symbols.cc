// Symbols and lines: debug information where there is some, the dynamic symbol table otherwise.
//
// The physical function of an address comes from the symbol table, its line from the line table, and the chain of
// functions inlined there from the scopes around it in the debug information: each inlined scope says where
// it was called, which is the line of the next frame out. Compilers differ in whether they index their
// units by address; where the index is missing the units are asked one by one.
// Runs on the thread that prints. Not here: loading the library (libdw.cc).
#include "runtime/symbols.h"

#include <cxxabi.h>
#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>

namespace gort::runtime {
namespace {

// The scopes' array is malloc'd by the library.
struct Scopes {
  libdw::Die* items = nullptr;
  int count = 0;
  Scopes() = default;
  Scopes(const Scopes&) = delete;
  Scopes& operator=(const Scopes&) = delete;
  ~Scopes() { std::free(items); }
};

libdw::Die* unit_of(const libdw::Functions& f, libdw::Module* module, std::uintptr_t pc,
                    std::uint64_t& bias) {
  if (libdw::Die* unit = f.unit_at(module, pc, &bias)) return unit;
  for (libdw::Die* unit = nullptr; (unit = f.next_unit(module, unit, &bias)) != nullptr;) {
    if (f.has_pc(unit, pc - bias) > 0) return unit;
  }
  return nullptr;
}

std::string name_of(const libdw::Functions& f, libdw::Die* scope) {
  libdw::Attribute attribute;
  if (f.attribute(scope, libdw::kLinkageName, &attribute) != nullptr) {
    if (const char* name = f.string_of(&attribute)) return demangle(name);
  }
  const char* name = f.name_of(scope);
  return name != nullptr ? name : "";
}

std::uint64_t number_of(const libdw::Functions& f, libdw::Die* scope, unsigned name) {
  libdw::Attribute attribute;
  std::uint64_t number = 0;
  if (f.attribute(scope, name, &attribute) == nullptr) return 0;
  return f.number_of(&attribute, &number) == 0 ? number : 0;
}

}  // namespace

std::string demangle(const char* symbol) {
  int status = 0;
  char* name = abi::__cxa_demangle(symbol, nullptr, nullptr, &status);
  std::string text = status == 0 ? name : symbol;
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

// `frames` holds the physical function with the innermost line; put what was inlined there before it.
void Symbols::expand_inlined(libdw::Die* unit, std::uint64_t pc,
                             std::vector<SourceFrame>& frames) {
  Scopes at, around;
  at.count = libdw_->scopes_at(unit, pc, &at.items);
  if (at.count <= 0) return;
  // The first answer follows the source's nesting beyond an inlined function; the second the calls'.
  around.count = libdw_->scopes_of(&at.items[0], &around.items);
  SourceFrame physical = std::move(frames.back());
  frames.pop_back();
  libdw::Files* files = nullptr;
  std::size_t file_count = 0;
  libdw_->files_of(unit, &files, &file_count);
  for (int i = 0; i < around.count; ++i) {
    libdw::Die* scope = &around.items[i];
    const int tag = libdw_->tag(scope);
    if (tag == libdw::kSubprogram) {
      if (physical.function.empty()) physical.function = name_of(*libdw_, scope);
      break;
    }
    if (tag != libdw::kInlinedSubroutine) continue;
    SourceFrame inlined = physical;
    inlined.function = name_of(*libdw_, scope);
    frames.push_back(std::move(inlined));
    const std::uint64_t file = number_of(*libdw_, scope, libdw::kCallFile);
    const std::uint64_t line = number_of(*libdw_, scope, libdw::kCallLine);
    const char* name = files != nullptr && file < file_count
                           ? libdw_->file_name(files, file, nullptr, nullptr)
                           : nullptr;
    if (name != nullptr && line != 0) {
      physical.file = name;
      physical.line = static_cast<unsigned>(line);
    }
  }
  frames.push_back(std::move(physical));
}

}  // namespace gort::runtime
