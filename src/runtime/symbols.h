// From an address to the functions and source lines it stands for.
//
// One address is several frames where the compiler inlined: they are told apart as a debugger
// would. Answers are kept, since the stacks of a thousand goroutines consist of a handful of
// addresses.
// Runs on the thread that prints, allocates, takes the loader's lock. Not here: which frames are
// shown (traceback.cc).
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/debug_unit.h"
#include "runtime/libdw.h"

namespace gort::runtime {

struct SourceFrame {
  std::string function;       // demangled; empty if not known
  std::string file;           // the source's, else the program's or library's; may be empty
  unsigned line = 0;          // 0: `file` is no source
  std::uintptr_t offset = 0;  // from the function's start, or from where the library is loaded
};

class Symbols {
 public:
  Symbols() = default;
  ~Symbols();
  Symbols(const Symbols&) = delete;
  Symbols& operator=(const Symbols&) = delete;

  // The frames of an instruction's address, innermost first; at least one.
  const std::vector<SourceFrame>& at(std::uintptr_t pc);
  // No more lookups: what is not known yet is answered by its address.
  void give_up() { broken_ = true; }
  bool broken() const { return broken_; }

 private:
  bool open();
  std::vector<SourceFrame> look_up(std::uintptr_t pc);
  bool look_up_debug_info(std::uintptr_t pc, std::vector<SourceFrame>& frames);
  void expand_inlined(libdw::Die* unit, std::uint64_t pc, std::vector<SourceFrame>& frames);

  const libdw::Functions* libdw_ = nullptr;
  libdw::Dwfl* session_ = nullptr;
  bool opened_ = false;
  bool broken_ = false;
  std::unordered_map<std::uintptr_t, std::vector<SourceFrame>> known_;
  std::unordered_map<libdw::Unit*, DebugUnit> units_;
};

// A symbol's full name, parameters included; `(...)` stands for those of a C function.
std::string demangle(const char* symbol);

}  // namespace gort::runtime
