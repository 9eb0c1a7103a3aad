// Looking for references outside. See hazard.h.
//
// The blocks come from malloc's stand-ins (hazard_malloc.cc), the globals are the writable segments
// of the program and its libraries. The program runs on and may write to what is read here.
#include "gc/hazard.h"

#ifdef GORT_CHECKED

#include <link.h>

#include <cstdlib>
#include <cstring>

#include "base/assert.h"
#include "base/no_sanitize.h"
#include "gc/mark.h"
#include "gc/path.h"

namespace gort::collector {
namespace {

constexpr std::size_t kMostPrinted = 16;  // of one collection

struct Search {
  const char* where;
  std::size_t found = 0;
};

// The arena begins where its first object does.
bool is_arenas_base(std::uintptr_t place) {
  return place == reinterpret_cast<std::uintptr_t>(&heap::bounds.base) ||
         place == reinterpret_cast<std::uintptr_t>(&detail::collected_region.base);
}

// The program may be writing there.
GORT_NO_SANITIZE void look_through(const void* memory, std::size_t bytes, void* search_pointer) {
  auto& search = *static_cast<Search*>(search_pointer);
  const std::uintptr_t begin = (reinterpret_cast<std::uintptr_t>(memory) + 7) & ~std::uintptr_t{7};
  const std::uintptr_t end = reinterpret_cast<std::uintptr_t>(memory) + bytes;
  for (std::uintptr_t at = begin; at + sizeof(at) <= end; at += sizeof(at)) {
    const std::uintptr_t value = *reinterpret_cast<const volatile std::uintptr_t*>(at);
    if (!heap::is_heap_address(value) || is_arenas_base(at)) continue;
    heap::Found found;
    if (!heap::find(value, found) || !is_white(found)) continue;
    if (search.found++ >= kMostPrinted) continue;
    base::write_stderr("gort: malloccheck: the word at %p, in %s of %zu bytes at %p, refers to\n",
                       reinterpret_cast<void*>(at), search.where, bytes, memory);
    print_object("  an object that is about to be freed,", value);
  }
}

int look_through_globals(dl_phdr_info* info, std::size_t, void* search) {
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& header = info->dlpi_phdr[i];
    if (header.p_type != PT_LOAD || (header.p_flags & PF_W) == 0) continue;
    // What is relocated is read-only by now, and holds no references.
    look_through(reinterpret_cast<const void*>(info->dlpi_addr + header.p_vaddr), header.p_memsz,
                 search);
  }
  return 0;
}

}  // namespace

unsigned debug_number(const char* name) {
  const char* const text = std::getenv("GODEBUG");
  if (text == nullptr) return 0;
  const std::size_t length = std::strlen(name);
  for (const char* at = text; at != nullptr; at = std::strchr(at, ',')) {
    if (*at == ',') ++at;
    if (std::strncmp(at, name, length) == 0 && at[length] == '=') {
      return static_cast<unsigned>(std::strtoul(at + length + 1, nullptr, 10));
    }
  }
  return 0;
}

bool hazard_checks() {
  static const bool checks = debug_number("malloccheck") != 0;
  return checks;
}

void report_hazards() {
  Search blocks{"a block"};
  for_each_block(look_through, &blocks);
  Search globals{"global variables"};
  ::dl_iterate_phdr(look_through_globals, &globals);
  const std::size_t found = blocks.found + globals.found;
  if (found > kMostPrinted) {
    base::write_stderr("gort: malloccheck: %zu words in all\n", found);
  }
}

}  // namespace gort::collector

#endif
