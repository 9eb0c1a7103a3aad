// The table of what hangs on objects. See special_table.h.
//
// Chained, so that records stay where they are and can be dropped while the table is walked. All
// under the shard's lock; the pools have their own, taken last [ST2].
#include "gc/special_table.h"

namespace gort::collector {

constinit SpecialTable special_table;

namespace {
// One page.
constexpr std::uint32_t kFirstCapacity = 4096 / sizeof(Record*);
}  // namespace

void SpecialTable::grow(Shard& shard) {
  const std::uint32_t capacity = shard.capacity == 0 ? kFirstCapacity : 2 * shard.capacity;
  Record** const old = shard.buckets;
  const std::uint32_t old_capacity = shard.capacity;
  shard.buckets = static_cast<Record**>(base::os::map_or_die(capacity * sizeof(Record*)));
  shard.capacity = capacity;
  for (std::uint32_t i = 0; i < old_capacity; ++i) {
    for (Record* record = old[i]; record != nullptr;) {
      Record* const next = record->next;
      Record** const place = bucket(shard, record->object);
      record->next = *place;
      *place = record;
      record = next;
    }
  }
  if (old != nullptr) base::os::unmap(old, old_capacity * sizeof(Record*));
  bucket_bytes_.fetch_add((capacity - old_capacity) * sizeof(Record*), std::memory_order_relaxed);
}

Record* SpecialTable::find(Shard& shard, std::uintptr_t object) {
  if (shard.count == 0) return nullptr;
  Record* record = *bucket(shard, object);
  while (record != nullptr && record->object != object) record = record->next;
  return record;
}

Record* SpecialTable::find_or_make(Shard& shard, std::uintptr_t object) {
  if (Record* record = find(shard, object)) return record;
  if (shard.count >= shard.capacity) grow(shard);
  Record* const record = records_.take();
  record->object = object;
  Record** const place = bucket(shard, object);
  record->next = *place;
  *place = record;
  ++shard.count;
  in_use_.fetch_add(1, std::memory_order_relaxed);
  return record;
}

void SpecialTable::drop(Shard& shard, Record* record) {
  GORT_ASSERT(record->is_empty());
  Record** place = bucket(shard, record->object);
  while (*place != record) place = &(*place)->next;
  *place = record->next;
  --shard.count;
  in_use_.fetch_sub(1, std::memory_order_relaxed);
  record->object = 0;
  records_.give(record);
}

Cleanup* SpecialTable::new_cleanup(Record* record) {
  Cleanup* const cleanup = cleanups_.take();
  cleanup->object.store(record->object, std::memory_order_relaxed);
  const std::uint64_t generation = ++cleanup->generation;
  cleanup->number.store(generation << 32 | (cleanup->index + 1), std::memory_order_release);
  if (record->last != nullptr) {
    record->last->next = cleanup;
  } else {
    record->first = cleanup;
  }
  record->last = cleanup;
  return cleanup;
}

bool SpecialTable::remove_cleanup(Record* record, Cleanup* cleanup) {
  Cleanup* before = nullptr;
  for (Cleanup* it = record->first; it != nullptr; before = it, it = it->next) {
    if (it != cleanup) continue;
    (before != nullptr ? before->next : record->first) = it->next;
    if (record->last == it) record->last = before;
    it->next = nullptr;
    return true;
  }
  return false;
}

void SpecialTable::free_cleanup(Cleanup* cleanup) {
  cleanup->number.store(0, std::memory_order_relaxed);
  cleanup->object.store(0, std::memory_order_relaxed);
  cleanup->record = nullptr;
  cleanups_.give(cleanup);
}

}  // namespace gort::collector
