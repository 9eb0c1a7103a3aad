// The functions of one compilation unit, as its debug information lists them.
//
// Needed for what the symbol table does not know: which functions were inlined at an address, and
// where each was called. libdw's own search stops at local classes, so it misses lambdas, of which
// goroutines are made; and functions without linkage have no full name in the debug information,
// only a place in a tree. So the tree is walked once per unit and kept: nodes in the order of their
// offsets, each with its parent.
// Runs on the thread that prints; allocates. Not here: symbols and modules (symbols.cc).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/libdw.h"

namespace gort::runtime {

// A function at an address. `call_*`: where it was inlined; empty for the one that was not.
struct UnitFrame {
  std::string function;
  std::string call_file;
  unsigned call_line = 0;
};

class DebugUnit {
 public:
  DebugUnit(const libdw::Functions& libdw, libdw::Die* unit);
  // Innermost first; empty if the unit does not know the address. `pc` is the unit's own, without
  // bias.
  std::vector<UnitFrame> frames_at(std::uint64_t pc);

 private:
  struct Node {
    libdw::Die die;
    std::uint64_t offset;
    int parent;  // -1: the unit
    int tag;
  };

  void add_children(libdw::Die* die, int parent);
  std::string name_of(libdw::Die die);
  std::string prefix_of(int node);
  std::string own_name(libdw::Die* die);
  std::uint64_t number_of(libdw::Die* die, unsigned name);
  bool inlined_child(libdw::Die* die, std::uint64_t pc, libdw::Die& child);

  const libdw::Functions& libdw_;
  libdw::Die* unit_;
  std::vector<Node> nodes_;
};

}  // namespace gort::runtime
