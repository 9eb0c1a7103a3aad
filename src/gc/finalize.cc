// The queue of ends, and the goroutine that works on it. See finalize.h.
//
// While an end runs, the goroutine counts as one that is woken from outside: what it does may be
// what others wait for, and it may sleep.
#include "gc/finalize.h"

#include <atomic>
#include <utility>

#include "base/assert.h"
#include "base/event.h"
#include "gc/mark.h"
#include "gc/parked.h"
#include "gc/phase.h"
#include "gc/special.h"
#include "gc/work.h"
#include "heap/object.h"
#include "sched/sched.h"
#include "sched/world.h"

namespace gort::collector {

constinit EndQueue due_ends;

namespace {

// A turn is what Go's scheduler gives a goroutine that computes, or half of it: with less, a chain
// of others who keep making each other ready, which has its ten milliseconds first, would make more
// objects with ends than are ended.
constexpr std::int64_t kTurnNs = 5'000'000;
constexpr unsigned kEndsPerLook = 64;  // at the clock

// More than this are too many: those who allocate wait for them.
constexpr std::size_t kMostBehind = 8192;
// How long others wait for a single end; and then do not.
constexpr std::int64_t kPatienceNs = 5'000'000;
constexpr std::int64_t kStuckNs = 20'000'000;

constinit MapPool<EndBlock> blocks;

EndBlock* new_block() {
  EndBlock* const block = blocks.take();
  block->next_retired = nullptr;
  block->begin = block->end = 0;
  return block;
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
    std::int64_t turn_ns = base::now_ns();
    for (unsigned i = 1; take(end); ++i) {
      if (end.run != nullptr) {
        end.run(end.object);
      } else {
        destroy_object(end.object);
      }
      asm volatile("" : : "r"(end.object) : "memory");  // lives up to here
      if (i % kEndsPerLook != 0 || base::now_ns() - turn_ns < kTurnNs) continue;
      {
        sched::Section section;
        section.yield();
      }
      turn_ns = base::now_ns();
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

void mark_block(LocalWork& work, const EndBlock& block) {
  for (std::uint32_t i = block.begin; i < block.end; ++i) {
    shade(work, reinterpret_cast<std::uintptr_t>(block.ends[i].object));
  }
}

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
  size_.store(list_.size_, std::memory_order_relaxed);
}

void EndQueue::append(EndList& list) {
  base::Guard guard(lock_);
  list_.append(list);
  size_.store(list_.size_, std::memory_order_relaxed);
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
  taken_.store(taken_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  size_.store(list_.size_, std::memory_order_relaxed);
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

namespace {

std::atomic<std::int64_t> stuck_until_ns{0};

}  // namespace

bool ends_are_behind() { return due_ends.size() > kMostBehind; }

sched::Thread* wait_for_some_ends(sched::Thread* thread) {
  const std::int64_t now_ns = base::now_ns();
  if (now_ns < stuck_until_ns.load(std::memory_order_relaxed)) return thread;
  const std::uint64_t before = due_ends.taken();
  do {
    thread = wait_a_little(thread);
    if (due_ends.taken() != before) return thread;
  } while (base::now_ns() - now_ns < kPatienceNs);
  stuck_until_ns.store(now_ns + kStuckNs, std::memory_order_relaxed);
  return thread;
}

sched::Thread* wait_for_due_ends(sched::Thread* thread) {
  const std::uint64_t wanted = due_ends.taken() + due_ends.size();
  std::uint64_t seen = due_ends.taken();
  std::int64_t since_ns = base::now_ns();
  while (seen < wanted && base::now_ns() - since_ns < kStuckNs) {
    thread = wait_a_little(thread);
    if (due_ends.taken() == seen) continue;
    seen = due_ends.taken();
    since_ns = base::now_ns();
  }
  return thread;
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
