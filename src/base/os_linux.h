// What gort asks of the kernel, each question once, with the fallbacks behind the answer.
//
// Functions return plain values and never touch errno across a possible switch; failures come back
// as null or false, or as a negative errno where the caller reports the number. Nothing here parks:
// a call blocks the OS thread. Features newer than 5.10 (MADV_GUARD_INSTALL 6.13, PAGEMAP_SCAN 6.7,
// process_madvise on oneself 6.13) are probed by trying once, never by version.
// Not here: the clock that a simulation replaces (base/event.h).
#pragma once

#include <sys/types.h>
#include <cstddef>
#include <cstdint>

namespace gort::base::os {

std::size_t page_bytes();
std::int64_t monotonic_ns();
pid_t thread_id();

// --- memory --------------------------------------------------------------------------------------
// Reserves address space that costs nothing until it is touched: at `hint`, or elsewhere if that is
// taken. Null when there is no room.
void* reserve(std::size_t bytes, void* hint = nullptr);
// Committed, zeroed memory for the runtime's own records; dies with out of memory.
void* map_or_die(std::size_t bytes);
void unmap(void* address, std::size_t bytes);
// Gives the pages back to the system; they read as zeros afterwards. False if the kernel refuses,
// as it does for memory that is locked (mlock): then some of it may be as it was.
bool discard(void* address, std::size_t bytes);
void exclude_from_core(void* address, std::size_t bytes);
void include_in_core(void* address, std::size_t bytes);
void forbid_huge_pages(void* address, std::size_t bytes);
void allow_huge_pages(void* address, std::size_t bytes);
void name_mapping(void* address, std::size_t bytes, const char* name);  // in /proc/self/maps

// Guards: a touch of a guarded page is SIGSEGV. With MADV_GUARD_INSTALL they cost no mapping; else
// mprotect, which splits mappings and is refused (false) beyond vm.max_map_count.
bool install_guard(void* address, std::size_t bytes);
void remove_guard(void* address, std::size_t bytes);
// Guards, or touches as if written, `count` ranges of equal size, in one system call where the
// kernel can (process_madvise on oneself, 6.13). install_guards is false if any range has none;
// populate is a hint.
bool install_guards(void* const* addresses, std::size_t count, std::size_t bytes);
void populate(void* const* addresses, std::size_t count, std::size_t bytes);
bool guards_are_free();  // no mapping each

// Bytes of [address, address + bytes) that are in memory, found without touching them; the range is
// in whole OS pages.
std::size_t resident_bytes(const void* address, std::size_t bytes);

// --- threads -------------------------------------------------------------------------------------
// Starts a detached thread running `entry(argument)` with all signals but the synchronous ones and
// those of the process left as they are. 0, or the error number.
int start_thread(void* (*entry)(void*), void* argument);
// Every thread of this process has executed a full memory barrier when this returns.
void process_barrier();
// False if the kernel cannot do so; the other side of the handshake then pays for a fence itself.
bool has_process_barrier();
// CPU time that the thread has used, or -1 if it is gone.
std::int64_t thread_cpu_ns(pid_t thread);
int count_threads();  // of this process; 0 if /proc does not tell
void give_way();      // sched_yield
void nap(std::int64_t duration_ns);

// --- the machine ---------------------------------------------------------------------------------
int affinity_cpus();  // CPUs this process may use, at least 1
// CPUs' worth of quota, 0 when unlimited. `root`: where /proc and /sys are looked for, by tests.
double cgroup_cpu_limit(const char* root = "");

}  // namespace gort::base::os
