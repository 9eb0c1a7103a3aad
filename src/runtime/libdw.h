// elfutils' libdw, if the machine has it: the functions that turn an address into names and lines.
//
// Loaded by dlopen when the first stack is printed and never before, so gort neither links nor
// needs it. The prototypes are declared here because its headers may be absent where gort is built;
// they are part of a stable ABI. Without it names come from the dynamic symbol table alone
// (symbols.cc).
// Runs on any thread. Not here: how the functions are put together (symbols.cc).
#pragma once

#include <sys/types.h>
#include <cstddef>
#include <cstdint>

namespace gort::runtime::libdw {

// Opaque, or only passed back.
struct Dwfl;
struct Module;
struct Line;
struct Files;
struct Dwarf;
struct Unit;

struct Die {
  void* address;
  Unit* unit;
  void* abbreviation;
  long padding;
};
struct Attribute {
  unsigned code, form;
  unsigned char* value;
  Unit* unit;
};
struct Symbol {  // GElf_Sym
  std::uint32_t name;
  unsigned char info, other;
  std::uint16_t section;
  std::uint64_t value, bytes;
};
struct Callbacks {
  void* find_elf;
  void* find_debuginfo;
  void* section_address;
  char** debuginfo_path;
};

// DWARF's numbers.
enum Tag : int {
  kClass = 0x02,
  kLexicalBlock = 0x0b,
  kStruct = 0x13,
  kUnion = 0x17,
  kInlinedSubroutine = 0x1d,
  kCatchBlock = 0x25,
  kSubprogram = 0x2e,
  kTryBlock = 0x32,
  kNamespace = 0x39,
};
enum AttributeName : unsigned {
  kAbstractOrigin = 0x31,
  kSpecification = 0x47,
  kCallFile = 0x58,
  kCallLine = 0x59,
  kLinkageName = 0x6e,
};

struct Functions {
  Dwfl* (*begin)(const Callbacks*);
  void (*end)(Dwfl*);
  int (*report_process)(Dwfl*, pid_t);
  int (*report_end)(Dwfl*, void* removed, void* argument);
  Module* (*module_of)(Dwfl*, std::uint64_t address);
  const char* (*symbol_at)(Module*, std::uint64_t address, std::uint64_t* offset, Symbol*,
                           std::uint32_t*, void**, std::uint64_t*);
  Line* (*line_at)(Die* unit, std::uint64_t pc);
  int (*line_number)(Line*, int*);
  const char* (*line_file)(Line*, std::uint64_t*, std::uint64_t*);
  Die* (*unit_at)(Module*, std::uint64_t address, std::uint64_t* bias);
  Die* (*next_unit)(Module*, Die* last, std::uint64_t* bias);
  const char* (*module_info)(Module*, void***, std::uint64_t* start, std::uint64_t* end,
                             std::uint64_t*, std::uint64_t*, const char** main_file, const char**);
  int (*has_pc)(Die*, std::uint64_t pc);
  int (*child)(Die*, Die* result);    // 0: there is one
  int (*sibling)(Die*, Die* result);  // 0: there is one
  std::uint64_t (*offset)(Die*);
  int (*tag)(Die*);
  Attribute* (*attribute)(Die*, unsigned name, Attribute*);
  Attribute* (*attribute_of_origin)(Die*, unsigned name, Attribute*);  // its own, or inherited
  Die* (*die_of)(Attribute*, Die* result);
  const char* (*string_of)(Attribute*);
  int (*number_of)(Attribute*, std::uint64_t*);
  const char* (*name_of)(Die*);
  int (*files_of)(Die* unit, Files**, std::size_t*);
  const char* (*file_name)(Files*, std::size_t, std::uint64_t*, std::uint64_t*);
  void* find_elf;
  void* find_debuginfo;
};

// Null if the library, or a function of it, is missing. Loads on the first call.
const Functions* load();

}  // namespace gort::runtime::libdw
