// Finding references where the collector does not look: a T* in malloc'd memory or in a global.
//
// The rules say that outside of stacks and collected objects a reference is a ptr. Who keeps a T*
// in a std::vector or a captured closure has a program that works until the object is collected,
// and fails elsewhere. In checked builds (GORT_CHECKED) with GODEBUG=malloccheck=1, each collection
// looks through all blocks from malloc and all global variables for addresses of objects that are
// about to be freed, and reports them: the word, what it is in, the object and its type. A report
// need not be a bug, as the word may never be used again; or it is a number.
//
// To know the blocks, those builds put functions of their own before malloc, calloc, realloc and
// free. Memory from malloc is filled with a pattern then, so that what was there before is not
// taken for references. Under sanitizers, which do the same, only globals are looked at.
// Runs on the coordinator, world stopped, the program's own code running. Not here: mistakes of the
// collector's own (verify.h).
#pragma once

#include <cstddef>
#include <cstdint>

namespace gort::collector {

#ifdef GORT_CHECKED
// name=NUMBER in GODEBUG; 0 if it is not there. Neither allocates nor caches.
unsigned debug_number(const char* name);

bool hazard_checks();
// At the end of marking: white is dead. Prints the first few, and how many there were.
void report_hazards();

// visit(block, bytes, context) for each live block that malloc's stand-ins have handed out. None is
// freed meanwhile.
using BlockVisitor = void (*)(const void* block, std::size_t bytes, void* context);
void for_each_block(BlockVisitor visit, void* context);
#endif

}  // namespace gort::collector
