// Loading libdw and finding its functions.
//
// One table, filled once; a library too old to have them all counts as none. Runs on any thread,
// also one that is dying: then the caller guards against a loader that is stuck (death.h). Not
// here: symbols.cc.
#include "runtime/libdw.h"

#include <dlfcn.h>

namespace gort::runtime::libdw {
namespace {

template <class Function>
bool find(void* library, const char* name, Function& function) {
  void* found = ::dlsym(library, name);
  function = reinterpret_cast<Function>(found);
  return found != nullptr;
}

bool find_all(void* library, Functions& f) {
  return find(library, "dwfl_begin", f.begin) && find(library, "dwfl_end", f.end) &&
         find(library, "dwfl_linux_proc_report", f.report_process) &&
         find(library, "dwfl_report_end", f.report_end) &&
         find(library, "dwfl_addrmodule", f.module_of) &&
         find(library, "dwfl_module_addrinfo", f.symbol_at) &&
         find(library, "dwarf_getsrc_die", f.line_at) &&
         find(library, "dwarf_lineno", f.line_number) &&
         find(library, "dwarf_linesrc", f.line_file) &&
         find(library, "dwfl_module_addrdie", f.unit_at) &&
         find(library, "dwfl_module_nextcu", f.next_unit) &&
         find(library, "dwfl_module_info", f.module_info) &&
         find(library, "dwarf_haspc", f.has_pc) && find(library, "dwarf_child", f.child) &&
         find(library, "dwarf_siblingof", f.sibling) &&
         find(library, "dwarf_dieoffset", f.offset) && find(library, "dwarf_tag", f.tag) &&
         find(library, "dwarf_attr", f.attribute) &&
         find(library, "dwarf_attr_integrate", f.attribute_of_origin) &&
         find(library, "dwarf_formref_die", f.die_of) &&
         find(library, "dwarf_formstring", f.string_of) &&
         find(library, "dwarf_formudata", f.number_of) &&
         find(library, "dwarf_diename", f.name_of) &&
         find(library, "dwarf_getsrcfiles", f.files_of) &&
         find(library, "dwarf_filesrc", f.file_name) &&
         find(library, "dwfl_linux_proc_find_elf", f.find_elf) &&
         // The one that never asks a server, as the standard one may.
         find(library, "dwfl_build_id_find_debuginfo", f.find_debuginfo);
}

}  // namespace

const Functions* load() {
  static const Functions* const loaded = []() -> const Functions* {
    void* library = ::dlopen("libdw.so.1", RTLD_NOW | RTLD_LOCAL);
    static Functions functions;
    return library != nullptr && find_all(library, functions) ? &functions : nullptr;
  }();
  return loaded;
}

}  // namespace gort::runtime::libdw
