// Which blocks malloc has handed out: functions before malloc's own. See hazard.h.
//
// They hand on to glibc's, under the names that it keeps for that, and note address and size in a
// table; unless GODEBUG=malloccheck is set they do nothing else. Blocks with an alignment of their
// own, and those from before the environment was there, are not noted.
//
// The table is open addressing, in shards behind spin locks; its memory is mapped. A block is taken
// out before it is freed, so whoever looks through blocks under a shard's lock reads memory that is
// there. Threads may be halted while they hold such a lock: nobody asks for blocks then.
// Runs on any thread, at any time, also before main.
#include "gc/hazard.h"

#if defined(GORT_CHECKED)

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)

namespace gort::collector {
void for_each_block(BlockVisitor, void*) {}
}  // namespace gort::collector

#else

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "base/os_linux.h"
#include "base/spin_lock.h"

extern "C" {
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* block, std::size_t bytes);
void __libc_free(void* block);
}

namespace gort::collector {
namespace {

constexpr unsigned char kPattern = 0xcd;

struct Block {
  std::uintptr_t address;  // 0: never used; kGone: used no longer
  std::size_t bytes;
};
constexpr std::uintptr_t kGone = 1;
constexpr std::size_t kShards = 64;
constexpr std::size_t kFirstCapacity = 256;

struct alignas(64) Shard {
  base::SpinLock lock;
  // --- under lock
  Block* blocks = nullptr;
  std::size_t capacity = 0;
  std::size_t used = 0;  // those that are gone included
};
constinit Shard shards[kShards];

std::uint64_t hash(std::uintptr_t address) {
  return (std::uint64_t{address >> 4} * 0x9e3779b97f4a7c15) >> 20;
}
Shard& shard_of(std::uintptr_t address) { return shards[hash(address) % kShards]; }

Block* find_locked(Shard& shard, std::uintptr_t address) {
  std::size_t at = hash(address) / kShards;
  while (true) {
    Block& block = shard.blocks[at++ & (shard.capacity - 1)];
    if (block.address == address || block.address == 0) return &block;
  }
}

void grow_locked(Shard& shard) {
  Block* const old = shard.blocks;
  const std::size_t old_capacity = shard.capacity;
  std::size_t live = 0;
  for (std::size_t i = 0; i < old_capacity; ++i) live += old[i].address > kGone;
  shard.capacity = kFirstCapacity;
  while (shard.capacity < 4 * live) shard.capacity *= 2;
  shard.blocks = static_cast<Block*>(base::os::map_or_die(shard.capacity * sizeof(Block)));
  for (std::size_t i = 0; i < old_capacity; ++i) {
    if (old[i].address > kGone) *find_locked(shard, old[i].address) = old[i];
  }
  shard.used = live;
  if (old != nullptr) base::os::unmap(old, old_capacity * sizeof(Block));
}

void note(void* pointer, std::size_t bytes) {
  const auto address = reinterpret_cast<std::uintptr_t>(pointer);
  if (address == 0) return;
  Shard& shard = shard_of(address);
  base::Guard guard(shard.lock);
  if (2 * (shard.used + 1) > shard.capacity) grow_locked(shard);
  Block& block = *find_locked(shard, address);
  shard.used += block.address == 0;
  block = {address, bytes};
}

void forget(void* pointer) {
  const auto address = reinterpret_cast<std::uintptr_t>(pointer);
  Shard& shard = shard_of(address);
  base::Guard guard(shard.lock);
  if (shard.capacity == 0) return;
  Block& block = *find_locked(shard, address);
  if (block.address == address) block = {kGone, 0};
}

bool is_on() {
  static constinit std::atomic<int> answer{0};
  int known = answer.load(std::memory_order_relaxed);
  if (known == 0 && environ != nullptr) {
    known = debug_number("malloccheck") != 0 ? 1 : 2;
    answer.store(known, std::memory_order_relaxed);
  }
  return known == 1;
}

}  // namespace

void for_each_block(BlockVisitor visit, void* context) {
  for (Shard& shard : shards) {
    base::Guard guard(shard.lock);
    for (std::size_t i = 0; i < shard.capacity; ++i) {
      const Block& block = shard.blocks[i];
      if (block.address <= kGone) continue;
      visit(reinterpret_cast<const void*>(block.address), block.bytes, context);
    }
  }
}

}  // namespace gort::collector

extern "C" {

void* malloc(std::size_t bytes) {
  void* const block = __libc_malloc(bytes);
  if (block == nullptr || !gort::collector::is_on()) return block;
  std::memset(block, gort::collector::kPattern, bytes);
  gort::collector::note(block, bytes);
  return block;
}

void* calloc(std::size_t count, std::size_t bytes) {
  void* const block = __libc_calloc(count, bytes);
  if (block != nullptr && gort::collector::is_on()) gort::collector::note(block, count * bytes);
  return block;
}

void* realloc(void* old, std::size_t bytes) {
  if (!gort::collector::is_on()) return __libc_realloc(old, bytes);
  // Moved only when it is another's already: so the old one must be off the table before.
  if (old != nullptr) gort::collector::forget(old);
  void* const block = __libc_realloc(old, bytes);
  if (block != nullptr) gort::collector::note(block, bytes);
  return block;
}

void free(void* block) {
  if (block != nullptr && gort::collector::is_on()) gort::collector::forget(block);
  __libc_free(block);
}

}  // extern "C"

#endif
#endif
