// The pool of chunks, the shared stack of them, and each thread's own.
//
// Runs on whoever marks or logs. Not here: what an entry means (mark.cc).
#include "gc/work.h"

#include <atomic>
#include <utility>

#include "gc/map_pool.h"

namespace gort::collector {
namespace {

MapPool<Chunk> chunk_pool;
MapPool<LocalWork> local_pool;

base::SpinLock shared_lock;
Chunk* shared = nullptr;                      // under shared_lock
std::atomic<std::uint32_t> shared_chunks{0};  // written under it
std::atomic<LocalWork*> all_locals{nullptr};

void share_chunk(Chunk* chunk) {
  base::Guard guard(shared_lock);
  chunk->next = shared;
  shared = chunk;
  shared_chunks.store(shared_chunks.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

Chunk* take_shared() {
  if (!has_shared_work()) return nullptr;
  base::Guard guard(shared_lock);
  Chunk* const chunk = shared;
  if (chunk == nullptr) return nullptr;
  shared = chunk->next;
  shared_chunks.store(shared_chunks.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
  return chunk;
}

}  // namespace

LocalWork& local_work(sched::Thread* thread) {
  if (thread->gc != nullptr) [[likely]]
    return *static_cast<LocalWork*>(thread->gc);
  LocalWork* const made = local_pool.take();
  made->next = all_locals.load(std::memory_order_relaxed);
  while (!all_locals.compare_exchange_weak(made->next, made, std::memory_order_release)) {
  }
  thread->gc = made;
  return *made;
}

void push_to_new_chunk(LocalWork& work, std::uintptr_t entry) {
  if (work.chunk != nullptr) share_chunk(work.chunk);
  work.chunk = chunk_pool.take();
  work.chunk->count = 1;
  work.chunk->entries[0] = entry;
}

bool take_shared_chunk(LocalWork& work) {
  Chunk* const chunk = take_shared();
  if (chunk == nullptr) return false;
  if (work.chunk != nullptr) chunk_pool.give(work.chunk);
  work.chunk = chunk;
  return true;
}

void share(LocalWork& work) {
  if (work.chunk == nullptr || work.chunk->count == 0) return;
  share_chunk(work.chunk);
  work.chunk = nullptr;
}

bool has_shared_work() { return shared_chunks.load(std::memory_order_relaxed) != 0; }

bool collect_and_check_empty(const sched::WorldStopped&) {
  LocalWork* local = all_locals.load(std::memory_order_acquire);
  for (; local != nullptr; local = local->next) share(*local);
  return !has_shared_work();
}

std::uint64_t scanned_bytes() {
  std::uint64_t sum = 0;
  LocalWork* local = all_locals.load(std::memory_order_acquire);
  for (; local != nullptr; local = local->next) {
    sum += std::atomic_ref<std::uint64_t>(local->scanned_bytes).load(std::memory_order_relaxed);
  }
  return sum;
}

std::uint64_t take_marked_bytes(const sched::WorldStopped&) {
  std::uint64_t sum = 0;
  LocalWork* local = all_locals.load(std::memory_order_acquire);
  for (; local != nullptr; local = local->next) sum += std::exchange(local->marked_bytes, 0);
  return sum;
}

void forgive_assists(const sched::WorldStopped&) {
  LocalWork* local = all_locals.load(std::memory_order_acquire);
  for (; local != nullptr; local = local->next) local->paid_bytes = 0;
}

std::size_t work_bytes() { return chunk_pool.bytes() + local_pool.bytes(); }

}  // namespace gort::collector
