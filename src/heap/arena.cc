// Reserving the arena, and turning pieces of it into memory. See arena.h.
//
// How large? Four times the machine's memory, since a heap that swaps is dead anyway, within 16 and
// 256 GiB; an address space limit (RLIMIT_AS) counts reservations too and gets half of what is left
// of it; and if the kernel still refuses, by halves, tables included, with something to spare.
// Memory is reserved without rights, or to be read: only what can be written counts under strict
// accounting.
#include "heap/arena.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

#include "base/assert.h"
#include "base/os_linux.h"
#include "base/spin_lock.h"
#include "gort/detail/heap_core.hpp"
#include "heap/page_alloc.h"
#include "heap/race_detector.h"
#include "heap/span.h"
#include "heap/type_notes.h"

gort::detail::heap_region gort::detail::collected_region{0, 0};

namespace gort::heap {

Bounds bounds;
Tables tables;

namespace {

constexpr std::size_t kGiB = std::size_t{1} << 30;
constexpr std::size_t kLargestBytes = 256 * kGiB;
constexpr std::size_t kSmallestBytes = 16 * kGiB;
constexpr std::size_t kLeastBytes = std::size_t{64} << 20;  // below that gort cannot run
constexpr std::size_t kAlign = std::size_t{4} << 20;        // of the arena: its huge pages too

std::atomic<bool> booted{false};
base::SpinLock boot_lock;

std::size_t wanted_bytes() {
  const auto physical =
      static_cast<std::size_t>(::sysconf(_SC_PHYS_PAGES)) * base::os::page_bytes();
  std::size_t bytes = std::clamp(std::bit_ceil(4 * physical), kSmallestBytes, kLargestBytes);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  bytes = kSmallestBytes;  // each byte has its shadow
#endif
  rlimit limit;
  if (::getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    bytes = std::min(bytes, std::bit_floor(static_cast<std::size_t>(limit.rlim_cur / 2)));
  }
  return std::max(bytes, kLeastBytes);
}

void* reserve_without_rights(std::size_t bytes) {
  void* memory =
      ::mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

// How long each table of an arena of `pages` pages is, in whole pages of the heap's.
struct TableSizes {
  explicit TableSizes(std::size_t count)
      : pages(whole(count * sizeof(PageWords))),
        spans(whole(span_table_bytes(count))),
        marks(whole(mark_table_bytes(count))),
        mark_pages(whole(mark_page_table_bytes(count))),
        bits(whole(page_bits_bytes(count))),
        notes(whole(type_notes_bytes(count))) {}
  std::size_t total() const { return pages + spans + marks + mark_pages + bits + notes; }

  std::size_t pages, spans, marks, mark_pages, bits, notes;

 private:
  static std::size_t whole(std::size_t bytes) { return (bytes + kPageBytes - 1) & -kPageBytes; }
};

// Null if there is no room for an arena of `bytes`, or would be none for anything else: stacks come
// and threads later. Of the smallest arena nothing more is asked.
void* reserve_with_tables(std::size_t bytes) {
  constexpr std::size_t kLeastSpareBytes = std::size_t{64} << 20;
  const std::size_t wanted = kAlign + bytes + TableSizes(bytes >> kPageShift).total();
  const std::size_t spare = bytes > kLeastBytes ? wanted / 4 + kLeastSpareBytes : 0;
  void* const memory = reserve_without_rights(wanted + spare);
  if (memory != nullptr && spare != 0) base::os::unmap(static_cast<char*>(memory) + wanted, spare);
  return memory;
}

// Cuts the tables from `memory`; false when the kernel refuses what is needed at once.
bool make_tables(const TableSizes& sizes, char* memory, std::size_t pages) {
  const auto cut = [&memory](std::size_t bytes) { return std::exchange(memory, memory + bytes); };
  char* const bits = cut(sizes.bits);
  if (::mprotect(bits, sizes.bits, PROT_READ | PROT_WRITE) != 0) return false;
  // Any word may be asked about: what is not used yet reads as zeros.
  char* const entries = cut(sizes.pages);
  if (::mprotect(entries, sizes.pages, PROT_READ) != 0) return false;
  bounds.pages = reinterpret_cast<PageWords*>(entries);
  tables.pages = Table(entries, sizes.pages);
  char* const spans = cut(sizes.spans);
  bounds.spans = reinterpret_cast<Span*>(spans);
  tables.spans = Table(spans, sizes.spans);
  char* const marks = cut(sizes.marks);
  tables.first_mark = reinterpret_cast<std::uint8_t*>(marks);
  tables.marks = Table(marks, sizes.marks);
  char* const mark_pages = cut(sizes.mark_pages);
  tables.first_mark_page = reinterpret_cast<std::uint16_t*>(mark_pages);
  tables.mark_pages = Table(mark_pages, sizes.mark_pages);
  char* const notes = cut(sizes.notes);
  tables.notes = Table(notes, sizes.notes);
  boot_type_notes(notes);
  boot_pages(pages, bits);
  return true;
}

}  // namespace

bool Table::extend(std::size_t bytes) {
  // By a quarter: what the kernel is asked for seldom, it may take its time for.
  constexpr std::size_t kStepBytes = std::size_t{64} << 10;
  if (bytes > bytes_) return false;
  const std::size_t wanted = std::max(bytes, covered_ / 4 * 5);
  const std::size_t end = std::min((wanted + kStepBytes - 1) / kStepBytes * kStepBytes, bytes_);
  if (::mprotect(base_ + covered_, end - covered_, PROT_READ | PROT_WRITE) != 0) return false;
  covered_ = end;
  return true;
}

bool commit_pages(std::size_t first, std::size_t count) {
  auto* const memory = reinterpret_cast<void*>(address_of_page(first));
  const std::size_t bytes = count << kPageShift;
  if (!tables.pages.cover((first + count) * sizeof(PageWords)) ||
      !tables.notes.cover(type_notes_bytes(first + count)) ||
      ::mprotect(memory, bytes, PROT_READ | PROT_WRITE) != 0) {
    return false;
  }
  // The kernel may fill a huge page up again of which we gave back some pages. To forbid that as
  // they go and allow it as they come would cut the mapping to pieces, of which there are 65,530;
  // Go has tried, and stopped.
  if (first >= kFirstHugePage) base::os::allow_huge_pages(memory, bytes);
  return true;
}

void boot() {
  if (booted.load(std::memory_order_acquire)) return;  // pairs with the store below
  base::Guard guard(boot_lock);
  if (booted.load(std::memory_order_relaxed)) return;
  std::size_t bytes = wanted_bytes();
  void* memory = reserve_with_tables(bytes);
  while (memory == nullptr && bytes > kLeastBytes) memory = reserve_with_tables(bytes /= 2);
  const std::size_t pages = bytes >> kPageShift;
  const TableSizes sizes(pages);
  bounds.base = (reinterpret_cast<std::uintptr_t>(memory) + kAlign - 1) & -kAlign;
  if (memory == nullptr ||
      !make_tables(sizes, reinterpret_cast<char*>(bounds.base) + bytes, pages)) {
    base::fatal(base::FatalScope::current, "out of memory");
  }
  bounds.bytes = bytes;
  detail::collected_region = {bounds.base, bounds.bytes};
  announce_heap(bounds.base, bytes);
#if defined(__SANITIZE_ADDRESS__)
  // What only heap objects refer to is no leak.
  __lsan_register_root_region(reinterpret_cast<void*>(bounds.base), bytes);
#endif
  base::os::name_mapping(memory, kAlign + bytes + sizes.total(), "gort heap");
  booted.store(true, std::memory_order_release);
}

}  // namespace gort::heap
