// Function names from a file's own symbol table, for machines without libdw.
//
// The table that the linker leaves in every program that was not stripped has all functions, static
// ones included; the one that the loader knows has those that are exported. The file is mapped,
// searched and unmapped for each question: answers are kept by the asker. Runs on the thread that
// prints. Not here: lines (debug_unit.h).
#pragma once

#include <cstdint>
#include <string>

namespace gort::runtime {

struct ElfSymbol {
  std::string name;           // as the linker knows it; empty if there is none
  std::uintptr_t offset = 0;  // of the address from its start
};

// `base` is where the file's first page is mapped.
ElfSymbol elf_symbol_at(const char* file, std::uintptr_t base, std::uintptr_t pc);

}  // namespace gort::runtime
