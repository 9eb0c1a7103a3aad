// A channel's record, its invariants, and the functions that other files of the runtime call.
//
// Fast paths need one cache line: lock, state, count, indices. `state` says in three bits what a
// sender or a receiver must know besides the count: that somebody waits, that it is closed. It
// doubles as the hint for those who look without the lock (select's first pass, the try
// operations).
//
// [C3] `state` is written under the lock and agrees with the queues and with `closed`. A waiter
//      whose choice was taken elsewhere still counts, so a look without the lock may promise too
//      much, never too little.
// [C4] Receivers wait only while nothing is buffered and no sender waits; senders only while the
//      buffer is full. (After an element's move has thrown a sender may wait beside a free slot;
//      the next receiver serves it.)
// [C5] Releasing the lock is the last that an operation does to the channel, so whoever it served
//      may let go of it.
// [C6] A waiter woken with success == false has nothing: it must look again. So close, and a move
//      that throws while a waiter is being served, need no outcome of their own.
//
// Values: see the table in gort/detail/chan_core.hpp; a waiter's `slot` is the address named there.
// Runs inside the runtime; the members of Channel under its lock unless said otherwise. Not here:
// one operation (chan_steps.h), blocking ones (chan.cc), choosing among several (select.cc).
#pragma once

#include <atomic>
#include <cstddef>

#include "base/assert.h"
#include "gort/detail/chan_core.hpp"
#include "sync/waiter.h"

namespace gort::sync {

enum ChannelState : std::uint8_t { kClosed = 1, kReceiversWait = 2, kSendersWait = 4 };

struct alignas(64) Channel {
  // `buffer` has room for `capacity` elements.
  Channel(const detail::element_type& element, std::size_t room, void* memory)
      : kind(element.kind),
        capacity(room),
        buffer(static_cast<char*>(memory)),
        stride(element.bytes),
        type(&element) {}

  ElidedLock lock;
  std::atomic<std::uint8_t> state{0};  // [C3]; read anywhere
  bool is_timer = false;               // set once: len and cap are 0, as for Go's timers
  const detail::element_kind kind;
  std::atomic<std::size_t> count{0};  // values buffered; read anywhere
  const std::size_t capacity;
  std::size_t head = 0;  // where the next value is taken
  std::size_t tail = 0;  // where the next value is put
  char* const buffer;

  alignas(64) WaitQueue receivers;
  WaitQueue senders;
  const std::size_t stride;  // bytes of an element
  const detail::element_type* const type;

  bool has(unsigned bits) const { return (state.load(std::memory_order_relaxed) & bits) != 0; }
  bool is_closed() const { return (state.load(std::memory_order_acquire) & kClosed) != 0; }
  std::size_t size() const { return count.load(std::memory_order_relaxed); }
  // release: pairs with looks_ready_to_recv; who sees the buffer drained after a close must see the
  // close.
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

// What became of one operation: it is done; the channel is closed (and, to a receiver, drained); it
// would have to wait.
enum class Step : std::uint8_t { done, closed, wait };

[[noreturn]] void throw_send_on_closed();

// --- for waiters of any sort: goroutines, callbacks, coroutines. Each call is a section of its
// own.

// Does the operation with waiter->slot, or returns Step::wait and has linked `waiter`, to be woken
// by wake() (waiter.h). Woken with success, the operation is done; without, call again [C6]. What
// moving an object throws comes out here. On a nil channel the waiter waits for ever, without being
// linked.
Step send_or_wait(Channel* c, Waiter* waiter);
Step recv_or_wait(Channel* c, Waiter* waiter);
// True if the waiter waited and will not be woken; false: it has been, or is just being woken.
bool cancel_wait(Channel* c, Waiter* waiter);

// --- for timers: a channel with one slot for a time (is_timer set by whoever made it).

// From a timer's callback: gives `value` to a receiver or buffers it, or drops it when the buffer
// is full.
void timer_send(sched::Thread* thread, Channel* c, const void* value);
// Forgets what is buffered, plain elements only; true if there was anything.
bool drain(Channel* c);

// Closes; false if it was closed before. For contexts, and behind chan.close().
bool close_channel(sched::Thread* thread, Channel* c);

}  // namespace gort::sync
