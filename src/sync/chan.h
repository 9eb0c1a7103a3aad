// A channel's record and what may be done to it under its lock.
//
// Fast paths need one cache line: lock, state, count, indices. `state` says in three bits what a sender or a receiver must know
// besides the count: that somebody waits, that it is closed. It doubles as the hint for those who look without
// the lock (select's first pass, the try operations).
//
// [C3] `state` is written under the lock and agrees with the queues and with `closed`. A waiter whose choice was taken elsewhere
//      still counts, so a look without the lock may promise too much, never too little.
// [C4] Receivers wait only while nothing is buffered and no sender waits; senders only while the buffer is full. (After an
//      element's move has thrown a sender may wait beside a free slot; the next receiver serves it.)
// [C5] Releasing the lock is the last that an operation does to the channel, so whoever it served may let go of it.
// [C6] A waiter woken with success == false has nothing: it must look again. So close, and a move that throws while a
//      waiter is being served, need no outcome of their own.
//
// Values: see the table in gort/detail/chan_core.hpp; a waiter's `slot` is the address named there.
// Runs inside the runtime; the members of Channel under its lock unless said otherwise. Not here: operations (chan.cc),
// choosing among several (select.cc).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstring>

#include "base/assert.h"
#include "gort/detail/chan_core.hpp"
#include "sync/waiter.h"

namespace gort::sync {

enum ChannelState : std::uint8_t { kClosed = 1, kReceiversWait = 2, kSendersWait = 4 };

struct alignas(64) Channel : detail::counted {
  // `buffer` has room for `capacity` elements; `destroy` ends the whole body when the last handle is gone.
  Channel(const detail::element_type& element, std::size_t room, void* memory,
          destroy_function destroy_body)
      : kind(element.kind),
        capacity(room),
        buffer(static_cast<char*>(memory)),
        stride(element.bytes),
        type(&element) {
    destroy = destroy_body;
  }

  ElidedLock lock;
  std::atomic<std::uint8_t> state{0};       // [C3]; read anywhere
  bool is_timer = false;                    // set once: len and cap are 0, as for Go's timers
  const detail::element_kind kind;
  std::atomic<std::size_t> count{0};        // values buffered; read anywhere
  const std::size_t capacity;
  std::size_t head = 0;                     // where the next value is taken
  std::size_t tail = 0;                     // where the next value is put
  char* const buffer;

  alignas(64) WaitQueue receivers;
  WaitQueue senders;
  const std::size_t stride;                 // bytes of an element
  const detail::element_type* const type;

  bool has(unsigned bits) const { return (state.load(std::memory_order_relaxed) & bits) != 0; }
  bool is_closed() const { return (state.load(std::memory_order_acquire) & kClosed) != 0; }
  std::size_t size() const { return count.load(std::memory_order_relaxed); }
  // release: pairs with looks_ready; who sees the buffer drained after a close must see the close.
  void set_size(std::size_t size) { count.store(size, std::memory_order_release); }
  std::size_t after(std::size_t index) const { return index + 1 == capacity ? 0 : index + 1; }
  char* slot(std::size_t index) const { return buffer + index * stride; }

  void set(unsigned bits) {
    state.store(static_cast<std::uint8_t>(state.load(std::memory_order_relaxed) | bits),
                std::memory_order_relaxed);
  }
  void clear(unsigned bits) {
    state.store(static_cast<std::uint8_t>(state.load(std::memory_order_relaxed) & ~bits),
                std::memory_order_relaxed);
  }
  void add_receiver(Waiter* waiter) {
    receivers.push_back(waiter);
    set(kReceiversWait);
  }
  void add_sender(Waiter* waiter) {
    senders.push_back(waiter);
    set(kSendersWait);
  }
  // The first that could be claimed, the caller's to wake [C2]; null if there is none.
  Waiter* claim_receiver() {
    Waiter* waiter = receivers.claim_first();
    if (receivers.empty()) clear(kReceiversWait);
    return waiter;
  }
  Waiter* claim_sender() {
    Waiter* waiter = senders.claim_first();
    if (senders.empty()) clear(kSendersWait);
    return waiter;
  }
  // Takes a waiter that may still be linked here out of its queue; false if it was not linked.
  bool remove(Waiter* waiter) {
    if (waiter->queue == nullptr) return false;
    waiter->queue->unlink(waiter);
    if (receivers.empty()) clear(kReceiversWait);
    if (senders.empty()) clear(kSendersWait);
    return true;
  }
  // World stopped, or under the lock: [C3] and [C4] hold.
  void check_invariants() const {
    GORT_CHECK(has(kReceiversWait) == !receivers.empty());
    GORT_CHECK(has(kSendersWait) == !senders.empty());
    GORT_CHECK(size() <= capacity);
    GORT_CHECK(receivers.empty() || size() == 0);
  }
};

// --- how values move

template <class Word>
struct WordMover {
  static void put(Channel*, void* to, const void* from) noexcept {
    if constexpr (!std::is_same_v<Word, detail::no_word>) std::memcpy(to, from, sizeof(Word));
  }
  static void give(Channel* c, void* to, void* from) noexcept { put(c, to, from); }
  static void take(Channel* c, void* to, void* slot) noexcept { put(c, to, slot); }
};

struct BytesMover {
  static void put(Channel* c, void* to, const void* from) noexcept {
    std::memcpy(to, from, c->stride);
  }
  static void give(Channel* c, void* to, void* from) noexcept { put(c, to, from); }
  static void take(Channel* c, void* to, void* slot) noexcept { put(c, to, slot); }
};

struct ObjectMover {
  static void put(Channel* c, void* slot, void* value) { c->type->put(slot, value); }
  static void give(Channel* c, void* optional, void* value) { c->type->give(optional, value); }
  static void take(Channel* c, void* optional, void* slot) {
    c->type->give(optional, slot);
    c->type->destroy(slot);
  }
};

// For who does not know the type: select, try operations, whoever waits without being a goroutine.
struct AnyMover {
  static bool copy(Channel* c, void* to, const void* from) noexcept {
    if (c->kind == detail::element_kind::object) return false;
    switch (c->stride) {
      case 8: std::memcpy(to, from, 8); return true;
      case 4: std::memcpy(to, from, 4); return true;
      case 1: std::memcpy(to, from, 1); return true;
      case 0: return true;
      default: std::memcpy(to, from, c->stride); return true;
    }
  }
  static void put(Channel* c, void* to, void* from) {
    if (!copy(c, to, from)) ObjectMover::put(c, to, from);
  }
  static void give(Channel* c, void* to, void* from) {
    if (!copy(c, to, from)) ObjectMover::give(c, to, from);
  }
  static void take(Channel* c, void* to, void* slot) {
    if (!copy(c, to, slot)) ObjectMover::take(c, to, slot);
  }
};

// --- one operation, under the lock

enum class Step : std::uint8_t { done, closed, wait };

// Sets *woken to the waiter that was served, to be woken when the lock is released; also if this throws, which only
// moving an object does. Then nothing else has happened, and that waiter will look again [C6].
template <class Mover>
Step send_step(Channel* c, void* value, Waiter** woken) {
  if (c->has(kClosed)) return Step::closed;
  if (c->has(kReceiversWait)) {
    if (Waiter* receiver = c->claim_receiver()) {
      receiver->success = false;
      *woken = receiver;
      Mover::give(c, receiver->slot, value);
      receiver->success = true;
      return Step::done;
    }
  }
  const std::size_t size = c->size();
  if (size >= c->capacity) return Step::wait;
  Mover::put(c, c->slot(c->tail), value);
  c->tail = c->after(c->tail);
  c->set_size(size + 1);
  return Step::done;
}

// The slot that a receiver freed goes to the first sender that waits; if moving its value throws, that is the
// sender's business: it looks again, and may throw then.
template <class Mover>
void refill(Channel* c, std::size_t size, Waiter** woken) {
  if (c->has(kSendersWait)) {
    if (Waiter* sender = c->claim_sender()) {
      sender->success = false;
      *woken = sender;
      bool moved = true;
      if constexpr (noexcept(Mover::put(c, nullptr, nullptr))) {
        Mover::put(c, c->slot(c->tail), sender->slot);
      } else {
        try {
          Mover::put(c, c->slot(c->tail), sender->slot);
        } catch (...) {
          moved = false;
        }
      }
      if (moved) {
        c->tail = c->after(c->tail);
        sender->success = true;
        c->set_size(size);
        return;
      }
    }
  }
  c->set_size(size - 1);
}

template <class Mover>
Step recv_step(Channel* c, void* into, Waiter** woken) {
  if (const std::size_t size = c->size(); size > 0) {
    Mover::take(c, into, c->slot(c->head));
    c->head = c->after(c->head);
    refill<Mover>(c, size, woken);
    return Step::done;
  }
  if (c->has(kSendersWait)) {
    if (Waiter* sender = c->claim_sender()) {
      sender->success = false;
      *woken = sender;
      Mover::give(c, into, sender->slot);
      sender->success = true;
      return Step::done;
    }
  }
  return c->has(kClosed) ? Step::closed : Step::wait;
}

// Whether an operation could proceed, without the lock. "No" is a moment's truth; the order of the loads
// matters: a channel cannot be reopened, and is drained only after what was sent before the close.
inline bool looks_ready_to_recv(const Channel* c) {
  return c->count.load(std::memory_order_acquire) > 0 ||  // pairs with set_size
         (c->state.load(std::memory_order_relaxed) & (kClosed | kSendersWait)) != 0;
}
inline bool looks_ready_to_send(const Channel* c) {
  if ((c->state.load(std::memory_order_acquire) & (kClosed | kReceiversWait)) != 0) return true;
  return c->count.load(std::memory_order_relaxed) < c->capacity;
}

// --- for waiters of any sort: goroutines, callbacks, coroutines. The caller is inside the runtime.

// Does the operation with waiter->slot, or links `waiter`, which will be woken (wake() in waiter.h). Both are done when they return
// Step::done or, with nothing sent or received, Step::closed. What moving an object throws comes out here. After a wake-up with
// success == false call again [C6].
Step send_or_wait(sched::Thread* thread, Channel* c, Waiter* waiter);
Step recv_or_wait(sched::Thread* thread, Channel* c, Waiter* waiter);
// True if the waiter was linked and will not be woken; false: it has been, or is just being woken.
bool cancel_wait(Channel* c, Waiter* waiter);

// --- for the runtime's own channels, which are not in the user's heap

// A channel that ends itself when its last reference, at first the caller's, is let go of. Throws std::bad_alloc. A channel may
// as well be a member of something larger: construct it with a `destroy` that ends the whole, and
// call detail::end_channel there.
Channel* new_channel(const detail::element_type& type, std::size_t capacity);
// Lets go of one reference. Outside the runtime, as elements may be the user's.
void free_channel(Channel* c) noexcept;

// --- for timers: a channel with one slot for a time (is_timer set by whoever made it).

// From a timer's callback: gives `value` to a receiver or buffers it, or drops it when the buffer is full.
void timer_send(sched::Thread* thread, Channel* c, const void* value);
// Forgets what is buffered, plain elements only; true if there was anything.
bool drain(Channel* c);

// Closes; false if it was closed before. For contexts, and behind chan.close().
bool close_channel(sched::Thread* thread, Channel* c);

}  // namespace gort::sync
