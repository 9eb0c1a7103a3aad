// One channel operation, as far as it goes under the lock.
//
// A step sends or receives one value if that can be done at once, and says so. How the value moves
// is the Mover's business: a word in registers, bytes, an object, or whatever the channel's type
// says. Only moving objects can throw; then the step has done nothing but claim a waiter, which is
// handed to the caller to be woken all the same [C6].
//
// Runs inside the runtime, under the channel's lock, but for looks_ready_*. Not here: waiting
// (chan.cc, select.cc).
#pragma once

#include <cstddef>
#include <cstring>
#include <type_traits>

#include "sync/chan.h"

namespace gort::sync {

// --- how values move

// What leaves the buffer is shown while marking, as no barrier sees a plain value go ([GS5] in
// docs/COLLECTOR.md); and its place is cleared, or the buffer would keep what it refers to until it
// is written over. What is copied from a waiting sender stays in its frame, which is scanned before
// the sender runs; an object that is moved from may not, and is shown as well.
void show_words(const void* from, std::size_t bytes);
[[gnu::always_inline]] inline void forget_taken(void* slot, std::size_t bytes) {
  if (detail::is_marking()) [[unlikely]]
    show_words(slot, bytes);
  std::memset(slot, 0, bytes);
}

template <class Word>
struct WordMover {
  static void put(Channel*, void* to, const void* from) noexcept {
    if constexpr (!std::is_same_v<Word, detail::no_word>) std::memcpy(to, from, sizeof(Word));
  }
  static void give(Channel* c, void* to, void* from) noexcept { put(c, to, from); }
  static void take(Channel* c, void* to, void* slot) noexcept {
    put(c, to, slot);
    if constexpr (sizeof(Word) >= sizeof(void*)) forget_taken(slot, sizeof(Word));
  }
};

struct BytesMover {
  static void put(Channel* c, void* to, const void* from) noexcept {
    std::memcpy(to, from, c->stride);
  }
  static void give(Channel* c, void* to, void* from) noexcept { put(c, to, from); }
  static void take(Channel* c, void* to, void* slot) noexcept {
    put(c, to, slot);
    if (c->type->refers) forget_taken(slot, c->stride);
  }
};

struct ObjectMover {
  static void put(Channel* c, void* slot, void* value) { c->type->put(slot, value); }
  static void give(Channel* c, void* optional, void* value) { c->type->give(optional, value); }
  static void take(Channel* c, void* optional, void* slot) {
    c->type->give(optional, slot);
    c->type->destroy(slot);
    if (c->type->refers) forget_taken(slot, c->stride);  // the end of a handle leaves its word
  }
};

// For who does not know the type: select, try operations, whoever waits without being a goroutine.
struct AnyMover {
  static bool copy(Channel* c, void* to, const void* from) noexcept {
    if (c->kind == detail::element_kind::object) return false;
    if (c->stride == 8) [[likely]] {
      std::memcpy(to, from, 8);  // one move: most elements are pointers and numbers
    } else {
      std::memcpy(to, from, c->stride);
    }
    return true;
  }
  static void put(Channel* c, void* to, void* from) {
    if (!copy(c, to, from)) ObjectMover::put(c, to, from);
  }
  static void give(Channel* c, void* to, void* from) {
    if (!copy(c, to, from)) ObjectMover::give(c, to, from);
  }
  static void take(Channel* c, void* to, void* slot) {
    if (!copy(c, to, slot)) return ObjectMover::take(c, to, slot);
    if (c->type->refers) forget_taken(slot, c->stride);
  }
};

// Before the value in a waiting sender's frame is moved.
template <class Mover>
[[gnu::always_inline]] inline void show_frame([[maybe_unused]] Channel* c,
                                              [[maybe_unused]] const void* value) {
  if constexpr (!noexcept(Mover::put(nullptr, nullptr, nullptr))) {
    if (detail::is_marking() && c->kind == detail::element_kind::object && c->type->refers) {
      show_words(value, c->stride);
    }
  }
}

// --- one operation, under the lock

// Sets *woken to the waiter that was served, to be woken when the lock is released; also if this
// throws, which only moving an object does. Then nothing else has happened, and that waiter will
// look again [C6].
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

// The slot that a receiver freed goes to the first sender that waits; if moving its value throws,
// that is the sender's business: it looks again, and may throw then.
template <class Mover>
void refill(Channel* c, std::size_t size, Waiter** woken) {
  if (c->has(kSendersWait)) {
    if (Waiter* sender = c->claim_sender()) {
      sender->success = false;
      *woken = sender;
      bool moved = true;
      show_frame<Mover>(c, sender->slot);
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
      show_frame<Mover>(c, sender->slot);
      Mover::give(c, into, sender->slot);
      sender->success = true;
      return Step::done;
    }
  }
  return c->has(kClosed) ? Step::closed : Step::wait;
}

// Whether an operation could proceed, without the lock. "No" is a moment's truth; the order of the
// loads matters: a channel cannot be reopened, and is drained only after what was sent before the
// close.
[[gnu::always_inline]] inline bool looks_ready_to_recv(const Channel* c) {
  return c->count.load(std::memory_order_acquire) > 0 ||  // pairs with set_size
         (c->state.load(std::memory_order_relaxed) & (kClosed | kSendersWait)) != 0;
}
[[gnu::always_inline]] inline bool looks_ready_to_send(const Channel* c) {
  if ((c->state.load(std::memory_order_acquire) & (kClosed | kReceiversWait)) != 0) return true;
  return c->count.load(std::memory_order_relaxed) < c->capacity;
}

}  // namespace gort::sync
