// Running what is due after a death: destructors and cleanups.
//
// One queue, in the order of discovery, and at most one goroutine that works on it: started when
// something is due, gone when nothing is. So ends run one after another, never at the same time as
// each other, and one that blocks for ever holds up all that come after it, as in Go. An exception
// that leaves one ends the process, as in any goroutine.
//
// What is in the queue is a root: a destructor's object with all that it reaches, a cleanup's
// record. It is marked when it is taken out while the collector marks, for the stack that it goes
// to may have been scanned already ([GS5] in docs/COLLECTOR.md).
//
// [FQ1] `running` is true from when a goroutine is to be started until it has seen the queue empty
//       under the lock: so whatever is appended is run by it, or starts another.
// Any thread, in sections or on the collector's goroutines.
// Not here: what becomes due (special.cc).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/spin_lock.h"
#include "gc/map_pool.h"
#include "gc/special_table.h"
#include "sched/sched.h"

namespace gort::collector {

struct LocalWork;

struct End {
  CleanupFunction run = nullptr;  // null: the object's own destructor
  void* object = nullptr;         // the cleanup's record, or the object
};

struct EndBlock {
  static constexpr std::uint32_t kEnds = 254;  // four kilobytes in all

  EndBlock* next = nullptr;
  EndBlock* next_retired = nullptr;
  std::uint32_t begin = 0, end = 0;  // of those that are in use
  std::uint32_t index = 0;           // the pool's
  End ends[kEnds];
};

// Marks what its ends are of.
void mark_block(LocalWork& work, const EndBlock& block);

// Ends in order; not locked.
class EndList {
 public:
  void append(End end);
  void append(EndList& other);  // all of it
  std::size_t size() const { return size_; }
  EndBlock* head() const { return head_; }

 private:
  friend class EndQueue;
  EndBlock* head_ = nullptr;
  EndBlock* tail_ = nullptr;
  std::size_t size_ = 0;
};

class EndQueue {
 public:
  void append(End end);
  void append(EndList& list);
  // While marking, one caller at a time: the first block, then each until false.
  EndBlock* begin_marking();
  bool mark_next(LocalWork& work, EndBlock*& block);

  // For the goroutine that works: false if nothing is left, and it is no longer running [FQ1].
  bool take(End& end);
  bool start_running();  // true if the caller is to start it
  void stop_running();   // it ends before its time

  // With the world stopped.
  template <class Visit>
  void for_each(Visit visit) {
    base::Guard guard(lock_);
    for (const EndBlock* block = list_.head_; block != nullptr; block = block->next) {
      for (std::uint32_t i = block->begin; i < block->end; ++i) visit(block->ends[i]);
    }
  }

  // A moment ago: how many are due; how many have been taken, ever.
  std::size_t size() const { return size_.load(std::memory_order_relaxed); }
  std::uint64_t taken() const { return taken_.load(std::memory_order_relaxed); }
  static std::size_t bytes();  // of all lists

 private:
  base::SpinLock lock_;
  // --- under lock_
  EndList list_;
  EndBlock* retired_ = nullptr;  // emptied while somebody goes from block to block
  bool marking_ = false;
  bool running_ = false;
  // --- written under lock_
  std::atomic<std::size_t> size_{0};
  std::atomic<std::uint64_t> taken_{0};
};

extern constinit EndQueue due_ends;

// Whoever makes objects with ends faster than they can be ended is slowed down, or they would fill
// the memory. Not for ever: an end that blocks keeps nobody waiting who does not wait for it.
// Inside a section that may park; the thread may be another afterwards.
bool ends_are_behind();
sched::Thread* wait_for_some_ends(sched::Thread* thread);
// For who finds no memory: until all that are due now have been taken, unless they do not go on.
sched::Thread* wait_for_due_ends(sched::Thread* thread);

// Calls the destructor of an object that is dead to everybody else, if it has not been called yet;
// from then on it is ordinary memory, and dies as such.
void destroy_object(void* object);

}  // namespace gort::collector
