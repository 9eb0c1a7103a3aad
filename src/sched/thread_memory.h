// Where an OS thread keeps what its user code can reach: its stack, its thread-local storage, and
// the registers that it has put there.
//
// The collector scans that memory with the thread (halt.h), and everybody asks whether an address
// is in it. Only static thread-local storage counts: what the dynamic linker lays out when a thread
// starts, beside the thread pointer. Storage of libraries loaded later comes from malloc. A thread
// made by pthread_create has it at the upper end of its stack's block, the process's first thread
// elsewhere.
//
// Runs on: the thread itself when it attaches; questions on any thread. Not here: goroutines'
// stacks (stack_arena.h).
#pragma once

#include <atomic>
#include <cstddef>

namespace gort::sched {

// Two addresses that others read while they change: whoever reads sees both of one time, or none.
// One writer at a time.
class MemoryRange {
 public:
  struct Bounds {
    const char* low = nullptr;
    const char* high = nullptr;
    bool contains(const void* address) const { return address >= low && address < high; }
  };

  void set(Bounds bounds) {
    high_.store(nullptr, std::memory_order_seq_cst);
    low_.store(bounds.low, std::memory_order_seq_cst);
    high_.store(bounds.high, std::memory_order_seq_cst);
  }
  // Read between two equal readings of the end, the beginning belongs to it: a range that was set
  // twice meanwhile with the same end is the same block again.
  Bounds get() const {
    const char* const high = high_.load(std::memory_order_seq_cst);
    const char* const low = low_.load(std::memory_order_seq_cst);
    return high_.load(std::memory_order_seq_cst) == high && low < high ? Bounds{low, high}
                                                                       : Bounds{};
  }

 private:
  std::atomic<const char*> low_{nullptr};
  std::atomic<const char*> high_{nullptr};
};

struct ThreadMemory {
  MemoryRange::Bounds stack;   // of a thread made by pthread_create: its block, statics included
  MemoryRange::Bounds locals;  // static thread-local storage
  // The process's first stack, which the kernel makes longer as it is touched. `stack` is the part
  // of it in which there can be nothing else; it may have grown, or grow, beyond.
  bool grows = false;
};
// The calling thread's. Takes the dynamic linker's lock.
ThreadMemory find_thread_memory();

// What may be in use of a stack: from `sp` up. Where `sp` is elsewhere (on the stack of a fiber of
// another library's, on a signal stack) all of it that is in memory: pages that were never touched
// are not, and stacks are touched from their top down. `grows`: as above.
MemoryRange::Bounds stack_in_use(MemoryRange::Bounds whole, const char* sp, bool grows);

[[gnu::always_inline]] inline char* stack_pointer() {
  char* sp;
#if defined(__x86_64__)
  asm volatile("movq %%rsp, %0" : "=r"(sp));
#else
  asm volatile("mov %0, sp" : "=r"(sp));
#endif
  return sp;
}

}  // namespace gort::sched
