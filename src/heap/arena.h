// The arena: one reserved stretch of address space that all collected memory comes from.
//
// It is reserved once, without rights, and becomes memory from its low end upwards: is this word
// the address of an object is one subtraction and one comparison, and the tables beside it are
// plain arrays indexed by page. Rejected: mapping chunks where the kernel likes (a map of chunks on
// the collector's hottest path).
//
// Beside it stand the table of page entries (span.h), the span records and the page bits
// (page_alloc.cc), all reserved for the largest heap and touched as far as the heap has grown.
//
// [HA1] heap_base and heap_bytes are set once, before the first object; until then nothing is a
// heap
//      address.
//
// boot() may be called by anybody, any number of times. Not here: which pages are free
// (page_alloc.h).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "heap/size_class.h"

namespace gort::heap {

struct Span;

// What there is per page; see span.h.
struct PageWords {
  std::atomic<std::uint64_t> entry;
  std::atomic<std::uint8_t*> marks;  // of the span's first slot
};

struct alignas(64) Bounds {
  std::uintptr_t base = 0;
  std::size_t bytes = 0;
  PageWords* pages = nullptr;
  Span* spans = nullptr;                          // records, by index
};
extern Bounds bounds;  // [HA1]

inline bool is_heap_address(std::uintptr_t address) { return address - bounds.base < bounds.bytes; }
inline std::size_t page_of(std::uintptr_t address) { return (address - bounds.base) >> kPageShift; }
inline std::uintptr_t address_of_page(std::size_t page) {
  return bounds.base + (page << kPageShift);
}

// Reserves the arena and makes the page allocator; ends the process if there is no room for it.
void boot();
// A table for the runtime's own use, zeroed, never returned; costs nothing until it is touched.
void* reserve_table(std::size_t bytes);
// Makes pages readable and writable; they are zeros. False when the kernel refuses.
bool commit_pages(std::size_t first, std::size_t count);

}  // namespace gort::heap
