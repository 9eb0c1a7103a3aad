// Grey objects: found and not yet looked into.
//
// Each thread has a chunk of its own, to which it adds what it marks, and from which it takes while
// it is a marker; full ones go to a stack that all share, and idle markers take from there. A
// mutator's barrier adds to its thread's chunk in the same way, so a log is nothing special.
//
// An entry is an object, or a place within a large one to go on from, so that several markers share
// it and a slice stays short; written and read by mark.cc.
//
// [GW1] A thread's chunk is used by it, inside a section or as the halting thread; by others only
//       with the world stopped. So with the world stopped, work_is_empty() sees all there is
//       ([GS7]).
// Memory is mapped and never unmapped: no malloc, as threads may be halted. Not here: what marking
// is (mark.h).
#pragma once

#include <cstddef>
#include <cstdint>

#include "sched/world.h"

namespace gort::collector {

inline constexpr std::uint32_t kChunkEntries = 253;

struct Chunk {
  std::uint32_t index = 0;  // for the pool
  std::uint32_t count = 0;
  Chunk* next = nullptr;
  std::uintptr_t entries[kChunkEntries];
};

struct LocalWork {
  std::uint32_t index = 0;
  LocalWork* next = nullptr;        // for the pool; then of all there are
  Chunk* chunk = nullptr;           // [GW1]
  std::uint64_t scanned_bytes = 0;  // ever; read by others
  std::uint64_t marked_bytes = 0;   // of objects; with the world stopped
  std::int64_t paid_bytes = 0;      // of allocation that assists have paid for (assist.cc)
};

// The thread's; made on first use.
LocalWork& local_work(sched::Thread* thread);

// The slow halves of push and pop.
void push_to_new_chunk(LocalWork& work, std::uintptr_t entry);
bool take_shared_chunk(LocalWork& work);

inline void push(LocalWork& work, std::uintptr_t entry) {
  Chunk* const chunk = work.chunk;
  if (chunk == nullptr || chunk->count == kChunkEntries) [[unlikely]] {
    return push_to_new_chunk(work, entry);
  }
  chunk->entries[chunk->count++] = entry;
}
// False: there is nothing for this thread to take.
inline bool pop(LocalWork& work, std::uintptr_t* entry) {
  if ((work.chunk == nullptr || work.chunk->count == 0) && !take_shared_chunk(work)) return false;
  *entry = work.chunk->entries[--work.chunk->count];
  return true;
}
// Gives what the thread has to all.
void share(LocalWork& work);
// There may be something to take: a look without lock.
bool has_shared_work();

// Shares what every thread has; true if there was nothing at all, shared or not.
bool collect_and_check_empty(const sched::WorldStopped&);
// Bytes ever scanned, by all: a sum a moment old.
std::uint64_t scanned_bytes();
// Bytes marked by all since the last call.
std::uint64_t take_marked_bytes(const sched::WorldStopped&);
// What assists owe or have paid is forgotten.
void forgive_assists(const sched::WorldStopped&);
std::size_t work_bytes();  // of memory

}  // namespace gort::collector
