// Idle memory goes back to the system.
//
// From the top of the heap downwards, since allocation fills it from below: what is given back is
// what will be missed last. The pages are taken out of the allocator meanwhile, so the system call
// holds no lock, and come back known to be zeros. 2 MiB at most at a time, so that an allocation
// never finds much of the idle memory gone. Memory that the program has locked (mlockall) stays.
//
// Any thread. Not here: how much and when (gc/pacer.cc).
#include <algorithm>

#include "base/os_linux.h"
#include "heap/arena.h"
#include "heap/heap.h"
#include "heap/page_alloc.h"

namespace gort::heap {

std::size_t release_some(std::size_t bytes) {
  constexpr std::size_t kMostPages = (std::size_t{2} << 20) / kPageBytes;
  std::size_t released = 0;
  while (released < bytes) {
    const std::size_t wanted = (bytes - released + kPageBytes - 1) / kPageBytes;
    const PageRun run = take_idle(std::min(wanted == 0 ? kMostPages : wanted, kMostPages));
    if (run.first == kNoPages) break;
    auto* const memory = reinterpret_cast<void*>(address_of_page(run.first));
    if (!base::os::discard(memory, run.count << kPageShift)) {
      free_pages(run.first, run.count);  // as they were; the next would be refused as well
      break;
    }
    return_idle(run);
    released += run.count << kPageShift;
  }
  return released;
}

}  // namespace gort::heap
