// Making, closing and ending channels; and what timers do with theirs.
//
// A channel and its buffer are one collected object: the record, then the elements at their
// alignment. chan<T> asks the heap for it and hands it over (gort/chan.hpp). It goes away when
// nobody can reach it, and what it holds then is destroyed.
//
// Closing collects all waiters under the lock and wakes them after it, so they do not run into it.
// None gets an outcome: each looks again and finds the channel closed [C6]. A crowd goes to the end
// of the queue; a single waiter is next in line as after a send.
//
// Runs inside the runtime, but for making and ending. Not here: sending and receiving (chan.cc).
#include <algorithm>
#include <limits>
#include <new>

#include "gort/error.hpp"
#include "sync/chan_steps.h"

namespace gort::sync {

using sched::Thread;

namespace {

// The claimed waiters of one channel, linked by `next`, in the order in which they came.
struct Crowd {
  Waiter* first = nullptr;
  Waiter* last = nullptr;

  void add(Waiter* waiter) {
    waiter->success = false;
    waiter->next = nullptr;
    (last != nullptr ? last->next : first) = waiter;
    last = waiter;
  }
  void wake_all(Thread* thread) {
    if (first != nullptr && first == last) return wake(thread, first);
    for (Waiter* waiter = first; waiter != nullptr;) {
      Waiter* const next = waiter->next;  // the waiter is gone once it is woken
      if (waiter->resume != nullptr) {
        waiter->resume(waiter, thread);
      } else {
        sched::ready_last(thread, waiter->goroutine);
      }
      waiter = next;
    }
  }
};

std::size_t buffer_offset(std::size_t align) {
  return (sizeof(Channel) + align - 1) & -align;  // a power of two
}

std::size_t body_align(const detail::element_type& type) {
  return std::max(alignof(Channel), type.align);
}

}  // namespace

bool close_channel(Thread* thread, Channel* c) {
  Crowd crowd;
  c->lock.lock();
  if (c->has(kClosed)) {
    c->lock.unlock();
    return false;
  }
  c->set(kClosed);
  while (Waiter* receiver = c->claim_receiver()) crowd.add(receiver);
  while (Waiter* sender = c->claim_sender()) crowd.add(sender);
  c->lock.unlock();
  crowd.wake_all(thread);
  return true;
}

void timer_send(Thread* thread, Channel* c, const void* value) {
  Waiter* woken = nullptr;
  c->lock.lock();
  send_step<AnyMover>(c, const_cast<void*>(value), &woken);  // plain: cannot throw
  c->lock.unlock();
  if (woken != nullptr) wake(thread, woken);
}

bool drain(Channel* c) {
  GORT_CHECK(c->kind == detail::element_kind::bytes);
  base::Guard guard(c->lock);
  const bool was_full = c->size() > 0;
  c->head = c->tail;
  c->set_size(0);
  return was_full;
}

}  // namespace gort::sync

namespace gort::detail {

using sync::Channel;

// Half of the address space is more than anybody can have; and sums below cannot overflow.
static constexpr std::size_t kMostBytes = std::size_t{1} << 47;

chan_layout layout_channel(const element_type& type, std::int64_t capacity, bool in_range) {
  const std::size_t offset = sync::buffer_offset(type.align);
  std::size_t elements = 0;
  if (!in_range || capacity < 0 ||
      __builtin_mul_overflow(static_cast<std::size_t>(capacity), type.bytes, &elements) ||
      elements > kMostBytes - offset) {
    throw_runtime_error("makechan: size out of range");
  }
  return {offset + elements, sync::body_align(type)};
}

Channel* init_channel(void* memory, const element_type& type, std::size_t capacity) noexcept {
  char* const buffer = static_cast<char*>(memory) + sync::buffer_offset(type.align);
  return ::new (memory) Channel(type, capacity, buffer);
}

void end_channel(Channel* c) noexcept {
  if (c->type->destroy != nullptr) {
    for (std::size_t left = c->size(); left > 0; --left) {
      c->type->destroy(c->slot(c->head));
      c->head = c->after(c->head);
    }
  }
  c->~Channel();
}

void chan_close(Channel* c) {
  if (c == nullptr) throw_runtime_error("close of nil channel");
  sched::Thread* thread = sched::enter();
  const bool closed = sync::close_channel(thread, c);
  sched::leave(thread);
  if (!closed) throw_runtime_error("close of closed channel");
}

std::ptrdiff_t chan_len(const Channel* c) noexcept {
  return c == nullptr || c->is_timer ? 0 : static_cast<std::ptrdiff_t>(c->size());
}

std::ptrdiff_t chan_cap(const Channel* c) noexcept {
  return c == nullptr || c->is_timer ? 0 : static_cast<std::ptrdiff_t>(c->capacity);
}

}  // namespace gort::detail
