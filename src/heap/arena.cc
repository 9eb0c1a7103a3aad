// Reserving the arena, and turning pieces of it into memory. See arena.h.
//
// How large? Four times the machine's memory, since a heap that swaps is dead anyway, within 16 and
// 256 GiB; an address space limit (RLIMIT_AS) counts reservations too and gets half of what is left
// of it; and if the kernel still refuses, by halves. Memory is reserved without rights: under
// strict accounting only what is committed counts.
#include "heap/arena.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

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

namespace {

constexpr std::size_t kGiB = std::size_t{1} << 30;
constexpr std::size_t kLargestBytes = 256 * kGiB;
constexpr std::size_t kSmallestBytes = 16 * kGiB;
constexpr std::size_t kLeastBytes = std::size_t{64} << 20;  // below that gort cannot run
constexpr std::size_t kAlign = std::size_t{4} << 20;        // of the arena: its huge pages too

// Beyond it the heap asks for huge pages: a marker that jumps about in a gigabyte would otherwise
// wait for the page tables more than for the objects. Below, a small program stays small.
constexpr std::size_t kSmallPagesBytes = std::size_t{32} << 20;

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

}  // namespace

void* reserve_table(std::size_t bytes) {
  void* table = base::os::reserve(bytes);
  if (table == nullptr) base::fatal(base::FatalScope::current, "out of memory");
  return table;
}

bool commit_pages(std::size_t first, std::size_t count) {
  auto* const memory = reinterpret_cast<void*>(address_of_page(first));
  const std::size_t bytes = count << kPageShift;
  if (::mprotect(memory, bytes, PROT_READ | PROT_WRITE) != 0) return false;
  if (first << kPageShift >= kSmallPagesBytes) base::os::allow_huge_pages(memory, bytes);
  return true;
}

void boot() {
  if (booted.load(std::memory_order_acquire)) return;  // pairs with the store below
  base::Guard guard(boot_lock);
  if (booted.load(std::memory_order_relaxed)) return;
  std::size_t bytes = wanted_bytes();
  void* memory = reserve_without_rights(bytes + kAlign);
  while (memory == nullptr && bytes > kLeastBytes) {
    bytes /= 2;
    memory = reserve_without_rights(bytes + kAlign);
  }
  if (memory == nullptr) base::fatal(base::FatalScope::current, "out of memory");
  const std::size_t pages = bytes >> kPageShift;
  bounds.base = (reinterpret_cast<std::uintptr_t>(memory) + kAlign - 1) & -kAlign;
  bounds.pages = static_cast<PageWords*>(reserve_table(pages * sizeof(PageWords)));
  bounds.spans = static_cast<Span*>(reserve_table(pages * sizeof(Span)));
  bounds.bytes = bytes;
  detail::collected_region = {bounds.base, bounds.bytes};
  boot_type_notes();
  boot_pages(pages);
  announce_heap(bounds.base, bytes);
#if defined(__SANITIZE_ADDRESS__)
  // What only heap objects refer to is no leak.
  __lsan_register_root_region(reinterpret_cast<void*>(bounds.base), bytes);
#endif
  base::os::name_mapping(memory, bytes + kAlign, "gort heap");
  booted.store(true, std::memory_order_release);
}

}  // namespace gort::heap
