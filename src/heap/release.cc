// Idle memory goes back to the system, and comes from there.
//
// From the top of the heap downwards, since allocation fills it from below: what is given back is
// what will be missed last. The pages are taken out of the allocator meanwhile, so the system call
// holds no lock, and come back known to be zeros. A huge page at most at a time, so that an
// allocation never finds much of the idle memory gone, and whole ones where there are some: one
// that has been cut up comes back in 512 pieces. Memory that the program has locked (mlockall)
// stays.
//
// And it is fetched, in heaps that are large enough for huge pages. The kernel clears one in a
// tenth of a millisecond, or, on a virtual machine whose host has to find the memory first, in
// several: who touches it first waits for so long, perhaps inside a section, and with it whoever
// stops the world. So a thread of its own touches what comes next, and it is idle memory from then
// on.
//
// Any thread. Not here: how much and when (gc/pacer.cc, gc/keeper.cc).
#include <algorithm>

#include "base/os_linux.h"
#include "heap/arena.h"
#include "heap/heap.h"
#include "heap/page_alloc.h"

namespace gort::heap {

std::size_t release_some(std::size_t bytes) {
  std::size_t released = 0;
  while (released < bytes) {
    const std::size_t wanted = std::min(bytes - released, kHugePages * kPageBytes);
    const PageRun run = take_idle((wanted + kPageBytes - 1) / kPageBytes);
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

bool wants_fetching() { return is_short_of_idle(); }

bool fetch_some() {
  const PageRun run = take_unfetched();
  if (run.first == kNoPages) return false;
  void* const memory = reinterpret_cast<void*>(address_of_page(run.first));
  base::os::populate(&memory, 1, run.count << kPageShift);
  free_pages(run.first, run.count);
  return true;
}

}  // namespace gort::heap
