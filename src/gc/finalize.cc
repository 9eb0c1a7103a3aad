// The queue of ends, and the goroutine that works on it. See finalize.h.
//
// While an end runs, the goroutine counts as one that is woken from outside: what it does may be
// what others wait for, and it may sleep.
#include "gc/finalize.h"

#include <utility>

#include "base/assert.h"
#include "gc/mark.h"
#include "gc/phase.h"
#include "gc/special.h"
#include "gc/work.h"
#include "heap/object.h"
#include "sched/sched.h"
#include "sched/world.h"

namespace gort::collector {

constinit EndQueue due_ends;

namespace {

// Ends are short as a rule; but nobody takes a processor from a goroutine that does not let go.
constexpr unsigned kEndsPerTurn = 64;

constinit MapPool<EndBlock> blocks;

EndBlock* new_block() {
  EndBlock* const block = blocks.take();
  block->next_retired = nullptr;
  block->begin = block->end = 0;
  return block;
}

void mark_block(LocalWork& work, const EndBlock& block) {
  for (std::uint32_t i = block.begin; i < block.end; ++i) {
    shade(work, reinterpret_cast<std::uintptr_t>(block.ends[i].object));
  }
}

// Its destructor notices an end that unwinds the goroutine (goexit): another one goes on.
class Worker {
 public:
  Worker() { sched::add_external_waiter(1); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() {
    sched::add_external_waiter(-1);
    if (finished_) return;
    {
      sched::Section section;
      due_ends.stop_running();
    }
    queue_finalizers();
  }

  void run() {
    End end;
    for (unsigned i = 1; take(end); ++i) {
      if (end.run != nullptr) {
        end.run(end.object);
      } else {
        destroy_object(end.object);
      }
      asm volatile("" : : "r"(end.object) : "memory");  // lives up to here
      if (i % kEndsPerTurn != 0) continue;
      sched::Section section;
      section.yield();
    }
    finished_ = true;
  }

 private:
  static bool take(End& end) {
    sched::Section section;
    if (!due_ends.take(end)) return false;
    if (phase() != Phase::idle) {
      shade(local_work(section.thread()), reinterpret_cast<std::uintptr_t>(end.object));
    }
    return true;
  }

  bool finished_ = false;
};

void run_ends(void*) {
  Worker worker;
  worker.run();
}

}  // namespace

void EndList::append(End end) {
  if (tail_ == nullptr || tail_->end == EndBlock::kEnds) {
    EndBlock* const block = new_block();
    (tail_ != nullptr ? tail_->next : head_) = block;
    tail_ = block;
  }
  tail_->ends[tail_->end++] = end;
  ++size_;
}

void EndList::append(EndList& other) {
  if (other.head_ == nullptr) return;
  (tail_ != nullptr ? tail_->next : head_) = other.head_;
  tail_ = other.tail_;
  size_ += other.size_;
  other = EndList();
}

void EndQueue::append(End end) {
  base::Guard guard(lock_);
  list_.append(end);
}

void EndQueue::append(EndList& list) {
  base::Guard guard(lock_);
  list_.append(list);
}

bool EndQueue::take(End& end) {
  base::Guard guard(lock_);
  EndBlock* const block = list_.head_;
  if (block == nullptr) {
    running_ = false;
    return false;
  }
  end = block->ends[block->begin++];
  --list_.size_;
  if (block->begin < block->end) return true;
  list_.head_ = block->next;
  if (list_.head_ == nullptr) list_.tail_ = nullptr;
  if (marking_) {
    block->next_retired = retired_;
    retired_ = block;
  } else {
    blocks.give(block);
  }
  return true;
}

EndBlock* EndQueue::begin_marking() {
  base::Guard guard(lock_);
  marking_ = true;
  return list_.head_;
}

// Taking goes on meanwhile, and marks what it takes.
bool EndQueue::mark_next(LocalWork& work, EndBlock*& block) {
  base::Guard guard(lock_);
  if (block != nullptr) {
    mark_block(work, *block);
    block = block->next;
    return true;
  }
  marking_ = false;
  while (EndBlock* retired = retired_) {
    retired_ = retired->next_retired;
    blocks.give(retired);
  }
  return false;
}

bool EndQueue::start_running() {
  base::Guard guard(lock_);
  if (running_ || list_.head_ == nullptr) return false;
  running_ = true;
  return true;
}

void EndQueue::stop_running() {
  base::Guard guard(lock_);
  running_ = false;
}

std::size_t EndQueue::size() {
  base::Guard guard(lock_);
  return list_.size();
}

std::size_t EndQueue::bytes() { return blocks.bytes(); }

void destroy_object(void* object) {
  heap::Found found;
  GORT_CHECK(heap::find(reinterpret_cast<std::uintptr_t>(object), found));
  const heap::Destroy destroy = heap::destroy_of(found);
  if (destroy == nullptr) return;
  const std::size_t count = heap::count_of(found);
  heap::clear_end(found);
  destroy(object, count);
}

void queue_finalizers() {
  bool start;
  {
    sched::Section section;
    start = due_ends.start_running();
  }
  if (start) sched::spawn_system(run_ends, nullptr);
}

}  // namespace gort::collector
