// Weak cells and cleanups, and who of the dead is told. See special.h.
//
// Reading a weak cell is a section, so the phase does not change meanwhile. While marking, the
// target is marked: it was alive at the flip, and might be white by the end if the caller's stack
// was scanned before. While it is decided what is dead, white says that it is; black says that it
// lives, or that it was marked from a dead object's destructor, and then the cell is found cleared
// by reading it again [SP1].
#include "gc/special.h"

#include <atomic>
#include <new>
#include <string>

#include "base/assert.h"
#include "gc/finalize.h"
#include "gc/mark.h"
#include "gc/phase.h"
#include "gc/special_table.h"
#include "gc/work.h"
#include "gort/detail/special_core.hpp"
#include "gort/error.hpp"
#include "heap/heap.h"
#include "heap/object.h"
#include "sched/sched.h"

namespace gort::collector {
namespace {

// Found in this cycle; becomes due when its marking has ended.
constinit EndList gathered, gathered_prompt;
constinit EndQueue prompt_ends;

using Shard = SpecialTable::Shard;

constexpr std::size_t kPagesPerPiece = 64;  // a page has up to some hundred objects with an end

std::uintptr_t address_of(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

void clear_cell(Record& record) {
  heap::Found found;
  GORT_CHECK(heap::find(record.object, found) && found.object == record.object);  // [ST1]
  if (!is_white(found)) return;
  if (record.cell != nullptr) {
    record.cell->clear();
    record.cell = nullptr;
  }
  if (record.first == nullptr) return;
  std::atomic_ref<std::uint8_t> mark(*found.mark);  // [SP2]
  mark.store(mark.load(std::memory_order_relaxed) | heap::kHasSpecial, std::memory_order_relaxed);
}

void list_dead(const heap::Span& span) {
  for (std::uint32_t slot = 0; slot < span.slots; ++slot) {
    heap::Found found;
    if (!heap::find(span.slot_base(slot), found) || found.span != &span) continue;
    if (!is_white(found) || heap::destroy_of(found) == nullptr) continue;
    const End end{nullptr, reinterpret_cast<void*>(found.object)};
    (heap::is_prompt(found) ? gathered_prompt : gathered).append(end);
  }
}

// step(work) does a piece and returns false at the end. Each is a section: between two of them the
// world can be stopped.
template <class Step>
void in_pieces(Step step) {
  for (bool more = true; more;) {
    const sched::Section section;
    LocalWork& work = local_work(section.thread());
    more = step(work);
    share(work);
  }
}

}  // namespace

bool SpecialWalk::visit(LocalWork& work) {
  if (in_queue_) return due_ends.mark_next(work, block_);
  const bool more = special_table.visit_some(cursor_, [&](Record& record) {
    if (record.cell != nullptr) shade(work, address_of(record.cell));
    for (Cleanup* it = record.first; it != nullptr; it = it->next) {
      shade(work, address_of(it->record));
    }
  });
  if (more) return true;
  in_queue_ = true;
  block_ = due_ends.begin_marking();
  return true;
}

// Nobody sweeps, so spans in which there is something white stay where they are between pieces.
// What else is allocated meanwhile is black.
void gather_dead() {
  in_pieces([cursor = SpecialTable::Cursor()](LocalWork&) mutable {
    return special_table.visit_some(cursor, clear_cell);
  });
  std::atomic_thread_fence(std::memory_order_release);  // [SP1]; pairs with weak_lock
  in_pieces([page = std::size_t{0}](LocalWork&) mutable {
    return heap::visit_spans(heap::Kind::destructible, page, kPagesPerPiece, list_dead);
  });
  in_pieces([block = gathered.head()](LocalWork& work) mutable {
    if (block == nullptr) return false;
    mark_block(work, *block);
    block = block->next;
    return true;
  });
}

bool has_prompt_ends() { return gathered_prompt.size() != 0; }
bool has_gathered() { return gathered.size() != 0; }

void run_prompt_ends() {
  constexpr unsigned kEndsPerPiece = 64;
  {
    const sched::Section section;
    prompt_ends.append(gathered_prompt);
  }
  in_pieces([](LocalWork&) {
    End end;
    for (unsigned i = 0; i < kEndsPerPiece; ++i) {
      if (!prompt_ends.take(end)) return false;
      if (is_white_object(address_of(end.object))) destroy_object(end.object);
    }
    return true;
  });
}

void publish_gathered() {
  const sched::Section section;
  due_ends.append(gathered);
}

void slot_died(void* object, std::uint8_t flags) {
  if ((flags & heap::kHasSpecial) == 0) return;
  const std::uintptr_t address = address_of(object);
  Shard& shard = special_table.shard_of(address);
  base::Guard guard(shard.lock);
  Record* const record = special_table.find(shard, address);
  if (record == nullptr) return;  // all were stopped
  GORT_CHECK(record->cell == nullptr);
  while (Cleanup* cleanup = record->first) {
    due_ends.append({cleanup->run, cleanup->record});
    special_table.remove_cleanup(record, cleanup);
    special_table.free_cleanup(cleanup);
  }
  special_table.drop(shard, record);
}

std::size_t special_bytes() { return special_table.bytes() + EndQueue::bytes(); }

}  // namespace gort::collector

namespace gort::detail {
namespace {

using namespace gort::collector;

WeakCell* new_cell(std::uintptr_t target) {
  sched::ParkingSection section;
  constexpr std::size_t kSlotBytes = 16;  // less would share its slot with other objects
  void* const memory = heap::allocate(kSlotBytes, kSlotBytes, heap::Kind::noscan, nullptr);
  auto* const cell = new (static_cast<char*>(memory) + kSlotBytes / 2) WeakCell{};
  cell->set(target);
  return cell;
}

// The object's cell, or `made` if it has none; null if both are.
WeakCell* find_or_set_cell(std::uintptr_t object, WeakCell* made) {
  sched::Section section;
  auto& shard = special_table.shard_of(object);
  base::Guard guard(shard.lock);
  if (made == nullptr) {
    Record* const record = special_table.find(shard, object);
    return record != nullptr ? record->cell : nullptr;
  }
  Record* const record = special_table.find_or_make(shard, object);
  if (record->cell == nullptr) record->cell = made;
  return record->cell;
}

// An argument that is the object itself would keep it for ever.
void check_record(const void* address, const void* record) {
  heap::Found found;
  if (!heap::find(reinterpret_cast<std::uintptr_t>(record), found)) return;
  if (found.span->kind == heap::Kind::noscan) return;
  const auto* const words = static_cast<const std::uintptr_t*>(record);
  const std::size_t count =
      (found.object + heap::scan_bytes(found) - reinterpret_cast<std::uintptr_t>(record)) /
      sizeof *words;
  for (std::size_t i = 0; i < count; ++i) {
    if (words[i] == reinterpret_cast<std::uintptr_t>(address)) {
      throw_runtime_error("runtime.AddCleanup: ptr is equal to arg, cleanup will never run");
    }
  }
}

}  // namespace

void* weak_cell_of(const void* address, std::size_t& offset) {
  offset = 0;
  if (address == nullptr) return nullptr;
  heap::Found found;
  if (!heap::find(reinterpret_cast<std::uintptr_t>(address), found)) {
    throw_runtime_error("gort::weak: not a pointer to a collected object");
  }
  offset = reinterpret_cast<std::uintptr_t>(address) - found.object;
  if (WeakCell* cell = find_or_set_cell(found.object, nullptr)) return cell;
  WeakCell* const cell = find_or_set_cell(found.object, new_cell(found.object));
  asm volatile("" : : "r"(address) : "memory");  // the object lives up to here
  return cell;
}

void* weak_lock(void* cell) noexcept {
  const auto* const weak_cell = static_cast<const WeakCell*>(cell);
  if (weak_cell->target() == 0) return nullptr;  // for good
  sched::Section section;
  const std::uintptr_t target = weak_cell->target();
  if (target == 0) return nullptr;
  if (phase() == Phase::idle) return reinterpret_cast<void*>(target);
  if (phase() == Phase::marking) {
    shade(local_work(section.thread()), target);
    return reinterpret_cast<void*>(target);
  }
  heap::Found found;
  if (!heap::find(target, found) || is_white(found)) return nullptr;
  std::atomic_thread_fence(std::memory_order_acquire);  // [SP1]
  return reinterpret_cast<void*>(weak_cell->target());
}

std::uint64_t add_cleanup(const void* address, void* record, void (*run)(void* record)) {
  heap::Found found;
  if (!heap::find(reinterpret_cast<std::uintptr_t>(address), found)) {
    throw_runtime_error("runtime.AddCleanup: ptr not in allocated block");
  }
  check_record(address, record);
  sched::Section section;
  auto& shard = special_table.shard_of(found.object);
  base::Guard guard(shard.lock);
  Cleanup* const cleanup =
      special_table.new_cleanup(special_table.find_or_make(shard, found.object));
  cleanup->record = record;
  cleanup->run = run;
  asm volatile("" : : "r"(address) : "memory");  // the object lives up to here
  return cleanup->number.load(std::memory_order_relaxed);
}

bool stop_cleanup(std::uint64_t number) noexcept {
  sched::Section section;
  Cleanup* const cleanup = special_table.cleanup_of(number);
  if (number == 0 || cleanup == nullptr) return false;
  // Pairs with new_cleanup: if the number is right, so is the object.
  if (cleanup->number.load(std::memory_order_acquire) != number) return false;
  const std::uintptr_t object = cleanup->object.load(std::memory_order_relaxed);
  auto& shard = special_table.shard_of(object);
  base::Guard guard(shard.lock);
  if (cleanup->number.load(std::memory_order_relaxed) != number) return false;
  Record* const record = special_table.find(shard, object);
  GORT_CHECK(record != nullptr && special_table.remove_cleanup(record, cleanup));
  // What leaves a place that is traced has to be shown ([GS5] in docs/COLLECTOR.md).
  if (phase() != Phase::idle) {
    shade(local_work(section.thread()), reinterpret_cast<std::uintptr_t>(cleanup->record));
  }
  special_table.free_cleanup(cleanup);
  if (record->is_empty()) special_table.drop(shard, record);
  return true;
}

}  // namespace gort::detail
