// Asking the C library where a thread's memory is, and answering whether an address is in it.
//
// The dynamic linker tells where the calling thread's instance of each module's thread-local
// segment is, but not which instances are static. Those lie together at the thread pointer, beside
// the thread's record in the C library, which pthread_self names. So the ones no further from it
// than all segments together are long are taken, and the range is believed only if all of it is
// mapped.
//
// Of the process's first stack the C library says how long it may become: by the limit, which can
// be changed later, and not beyond the mapping below, which is malloc's if there is no limit
// (ulimit -s unlimited) and grows up. What is claimed for it must be the stack's for good: a slot
// of malloc's that is taken for one on a stack is scanned by nobody. So at most kFirstStackBytes
// are; frames below are scanned all the same (stack_in_use), and handles in them are entered as
// slots outside.
// Runs as thread_memory.h says. Not here: who attaches (attach.cc).
#include "sched/thread_memory.h"

#include <link.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>

#include "base/os_linux.h"
#include "sched/halt.h"
#include "sched/stack_arena.h"

namespace gort::sched {
namespace {

constexpr std::size_t kLookBytes = std::size_t{1} << 20;
// The kernel puts no mapping within 128 MB of where the first stack begins, unless it is asked to.
constexpr std::ptrdiff_t kFirstStackBytes = std::ptrdiff_t{64} << 20;
constexpr std::ptrdiff_t kArgumentsBytes = std::ptrdiff_t{16} << 20;  // the kernel's limit is 6 MB
constexpr std::ptrdiff_t kSurplusBytes = 16 << 10;  // what the linker leaves for later libraries

// Where the segments are, by distance from pthread_self; those out of reach do not count.
struct Segments {
  std::ptrdiff_t total = kSurplusBytes;
  std::ptrdiff_t reach = 0;
  std::ptrdiff_t first = PTRDIFF_MAX;
  std::ptrdiff_t last = PTRDIFF_MIN;
};

int note_segment(dl_phdr_info* info, std::size_t bytes, void* argument) {
  auto& segments = *static_cast<Segments*>(argument);
  if (bytes < offsetof(dl_phdr_info, dlpi_tls_data) + sizeof info->dlpi_tls_data) return 1;
  if (info->dlpi_tls_data == nullptr) return 0;
  const auto self = static_cast<std::intptr_t>(::pthread_self());
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& header = info->dlpi_phdr[i];
    if (header.p_type != PT_TLS) continue;
    segments.total += static_cast<std::ptrdiff_t>(header.p_memsz + header.p_align);
    const auto begin = reinterpret_cast<std::intptr_t>(info->dlpi_tls_data) - self;
    const auto end = begin + static_cast<std::ptrdiff_t>(header.p_memsz);
    if (begin < -segments.reach || end > segments.reach) continue;
    segments.first = std::min(segments.first, begin);
    segments.last = std::max(segments.last, end);
  }
  return 0;
}

bool is_mapped(MemoryRange::Bounds range) {
  const std::size_t page = base::os::page_bytes();
  const auto low = reinterpret_cast<std::uintptr_t>(range.low) / page * page;
  auto at = low;
  const auto high = reinterpret_cast<std::uintptr_t>(range.high);
  unsigned char pages[256];
  while (at < high) {
    const std::size_t bytes = std::min<std::size_t>(high - at, sizeof pages * page);
    if (::mincore(reinterpret_cast<void*>(at), bytes, pages) != 0) return false;
    at += sizeof pages * page;
  }
  return true;
}

// Goes down from `at`, but not below `end`, as long as `holds` of what is next; in ever smaller
// steps.
template <class Holds>
std::uintptr_t descend(std::uintptr_t at, std::uintptr_t end, Holds holds) {
  for (std::size_t most = kLookBytes; most >= base::os::page_bytes();) {
    const std::size_t bytes = std::min<std::size_t>(at - end, most);
    if (bytes > 0 && holds(at - bytes, bytes)) {
      at -= bytes;
    } else {
      most /= 2;
    }
  }
  return at;
}

MemoryRange::Bounds static_locals() {
  Segments all;
  ::dl_iterate_phdr(note_segment, &all);
  Segments near;
  near.reach = all.total;
  ::dl_iterate_phdr(note_segment, &near);
  if (near.first >= near.last) return {};
  const auto* self = reinterpret_cast<const char*>(::pthread_self());
  const MemoryRange::Bounds bounds{self + near.first, self + near.last};
  return is_mapped(bounds) ? bounds : MemoryRange::Bounds{};
}

}  // namespace

ThreadMemory find_thread_memory() {
  ThreadMemory memory;
  pthread_attr_t attributes;
  if (::pthread_getattr_np(::pthread_self(), &attributes) == 0) {
    void* low = nullptr;
    std::size_t bytes = 0;
    ::pthread_attr_getstack(&attributes, &low, &bytes);
    ::pthread_attr_destroy(&attributes);
    memory.stack = {static_cast<const char*>(low), static_cast<const char*>(low) + bytes};
    // The kernel leaves these bytes on the stack that it makes: just above, where arguments are.
    const auto* const mark = reinterpret_cast<const char*>(::getauxval(AT_RANDOM));
    memory.grows = mark >= memory.stack.low && mark < memory.stack.high + kArgumentsBytes;
    if (memory.grows) {
      memory.stack.low = std::max(memory.stack.low, memory.stack.high - kFirstStackBytes);
    }
  }
  memory.locals = static_locals();
  return memory;
}

MemoryRange::Bounds stack_in_use(MemoryRange::Bounds whole, const char* sp, bool grows) {
  if (whole.contains(sp)) return {sp, whole.high};
  const std::size_t page = base::os::page_bytes();
  const auto top = reinterpret_cast<std::uintptr_t>(whole.high) / page * page;
  const auto bottom = (reinterpret_cast<std::uintptr_t>(whole.low) + page - 1) / page * page;
  if (top <= bottom) return whole;
  // The process's first stack is mapped as far down as it was touched.
  const std::uintptr_t mapped =
      descend(top, grows ? page : bottom, [](std::uintptr_t at, std::size_t bytes) {
        const auto* address = reinterpret_cast<const char*>(at);
        return is_mapped({address, address + bytes});
      });
  const auto at = reinterpret_cast<std::uintptr_t>(sp);
  if (grows && at >= mapped && at < top) return {sp, whole.high};
  const std::uintptr_t touched = descend(top, mapped, [](std::uintptr_t from, std::size_t bytes) {
    return base::os::resident_bytes(reinterpret_cast<const void*>(from), bytes) != 0;
  });
  return {reinterpret_cast<const char*>(touched), whole.high};
}

bool is_in_scanned_stack(const void* address) {
  if (stack_arena.contains(address)) return true;
  const Thread* const self = base::current_thread();
  if (self->stack_memory.get().contains(address) || self->locals_memory.get().contains(address)) {
    return true;
  }
  const Thread* thread = scheduler.all_threads.load(std::memory_order_acquire);
  for (; thread != nullptr; thread = thread->all_next) {
    if (thread->stack_memory.get().contains(address)) return true;
    if (thread->locals_memory.get().contains(address)) return true;
  }
  return false;
}

}  // namespace gort::sched
