// Sending and receiving.
//
// The idea: one lock, held for a few dozen instructions; a value goes straight to a receiver that
// waits, even where there is a buffer, and a receiver that frees a slot fills it from the first
// sender that waits. So order is first in, first out for values and for those who wait, and nobody
// is woken in vain.
//
// Each operation has two parts. The first is one test of `state` and one of `count`, both in the
// cache line that the lock is in, then the copy; it makes no call and keeps no frame. All else,
// handing over included, is in the second, which is entered by a tail call with the lock held.
// Rejected: a lock-free ring for the buffered case, which loses FIFO among waiters or exact
// capacity and gains nothing against a lock that one processor need not take.
//
// Objects (elements that must be moved) take their own pair of functions with a landing pad; if a
// move throws, nothing has happened to the channel, and a waiter that was already claimed for it
// looks again [C6].
//
// Runs on goroutines and attached threads; parks. Not here: the steps under the lock
// (chan_steps.h), select (select.cc), making, closing and ending (chan_life.cc).
#include "gort/error.hpp"
#include "sync/chan_steps.h"

namespace gort::sync {
namespace {

using sched::Thread;

[[noreturn, gnu::noinline]] void wait_for_ever(WaitReason reason) {
  Section section;
  for (;;) section.park(reason);
}

// Enters and locks, for those who need more than a test.
Thread* enter_and_lock(Channel* c) {
  Thread* thread = sched::enter();
  c->lock.lock();
  return thread;
}

template <class Mover>
constexpr bool kMayThrow = !noexcept(Mover::give(nullptr, nullptr, nullptr));

// One step. If moving an object throws, the lock is released and the section left, and whoever was
// to be served looks again.
template <class Mover, class OneStep>
[[gnu::always_inline]] inline Step guarded(Thread* thread, Channel* c, Waiter** woken,
                                           OneStep one_step) {
  if constexpr (!kMayThrow<Mover>) return one_step();
  try {
    return one_step();
  } catch (...) {
    c->lock.unlock();
    if (*woken != nullptr) wake(thread, *woken);
    sched::leave(thread);
    throw;
  }
}
template <class Mover>
[[gnu::always_inline]] inline Step guarded_send(Thread* thread, Channel* c, void* value,
                                                Waiter** woken) {
  return guarded<Mover>(thread, c, woken, [&] { return send_step<Mover>(c, value, woken); });
}
template <class Mover>
[[gnu::always_inline]] inline Step guarded_recv(Thread* thread, Channel* c, void* into,
                                                Waiter** woken) {
  return guarded<Mover>(thread, c, woken, [&] { return recv_step<Mover>(c, into, woken); });
}

void finish(Thread* thread, Channel* c, Waiter* woken) {
  c->lock.unlock();  // whoever was served may let go of the channel from here on [C5]
  if (woken != nullptr) wake(thread, woken);
  sched::leave(thread);
}

// The parts that end in a park. With the lock held, which is released; false: woken without having
// been served, and inside no more.
[[gnu::always_inline]] inline bool wait_to_send(Thread* thread, Channel* c, void* value) {
  Waiter waiter;
  waiter.goroutine = thread->current;
  waiter.slot = value;
  c->add_sender(&waiter);
  c->lock.unlock();
  sched::leave(sched::park(thread, WaitReason::chan_send));
  return waiter.success;
}
[[gnu::always_inline]] inline bool wait_to_recv(Thread* thread, Channel* c, void* into) {
  Waiter waiter;
  waiter.goroutine = thread->current;
  waiter.slot = into;
  c->add_receiver(&waiter);
  c->lock.unlock();
  sched::leave(sched::park(thread, WaitReason::chan_receive));
  return waiter.success;
}

// --- words: what the fast path leaves over, one function for each case, as few registers to save

template <class Word>
[[gnu::noinline]] void wait_to_send_word(Thread* thread, Channel* c, Word value) {
  if (!wait_to_send(thread, c, &value)) [[unlikely]]
    detail::chan_send(c, value);
}

template <class Word>
[[gnu::noinline]] void hand_over_word(Thread* thread, Channel* c, Word value) {
  Waiter* woken = nullptr;
  const Step step = send_step<WordMover<Word>>(c, &value, &woken);
  if (step == Step::wait) [[unlikely]]
    return wait_to_send_word(thread, c, value);
  finish(thread, c, woken);
  if (step == Step::closed) [[unlikely]]
    throw_send_on_closed();
}

template <class Word>
[[gnu::noinline]] detail::received_word<Word> wait_to_recv_word(Thread* thread,
                                                                Channel* c) noexcept {
  Word value{};
  if (!wait_to_recv(thread, c, &value)) [[unlikely]]
    return detail::chan_recv<Word>(c);
  return {value, true};
}

template <class Word>
[[gnu::noinline]] detail::received_word<Word> take_over_word(Thread* thread, Channel* c) noexcept {
  Waiter* woken = nullptr;
  Word value{};  // no member of the result: a byte stored and then loaded with its word would stall
  const Step step = recv_step<WordMover<Word>>(c, &value, &woken);
  if (step == Step::wait) [[unlikely]]
    return wait_to_recv_word<Word>(thread, c);
  finish(thread, c, woken);
  return {value, step == Step::done};
}

// --- values that go by address

template <class Mover>
[[gnu::always_inline]] inline void send_on(Thread* thread, Channel* c, void* value) {
  for (;;) {
    Waiter* woken = nullptr;
    const Step step = guarded_send<Mover>(thread, c, value, &woken);
    if (step != Step::wait) {
      finish(thread, c, woken);
      if (step == Step::closed) throw_send_on_closed();
      return;
    }
    if (wait_to_send(thread, c, value)) return;
    thread = enter_and_lock(c);
  }
}

// False if the channel is closed and drained.
template <class Mover>
[[gnu::always_inline]] inline bool recv_on(Thread* thread, Channel* c, void* into) {
  for (;;) {
    Waiter* woken = nullptr;
    const Step step = guarded_recv<Mover>(thread, c, into, &woken);
    if (step != Step::wait) {
      finish(thread, c, woken);
      return step == Step::done;
    }
    if (wait_to_recv(thread, c, into)) return true;
    thread = enter_and_lock(c);
  }
}

[[gnu::noinline]] void send_bytes_slow(Thread* thread, Channel* c, void* value) {
  send_on<BytesMover>(thread, c, value);
}
[[gnu::noinline]] bool recv_bytes_slow(Thread* thread, Channel* c, void* into) noexcept {
  return recv_on<BytesMover>(thread, c, into);
}

}  // namespace

void show_words(const void* from, std::size_t bytes) {
  for (std::size_t at = 0; at + sizeof(void*) <= bytes; at += sizeof(void*)) {
    void* word;
    std::memcpy(&word, static_cast<const char*>(from) + at, sizeof word);
    detail::show_old_slow(word);
  }
}

void throw_send_on_closed() { detail::throw_runtime_error("send on closed channel"); }

// `waiter` null: does not wait. c is not nil.
static Step send_any(Channel* c, void* value, Waiter* waiter) {
  Thread* const thread = enter_and_lock(c);
  Waiter* woken = nullptr;
  const Step step = guarded_send<AnyMover>(thread, c, value, &woken);
  if (step == Step::wait && waiter != nullptr) c->add_sender(waiter);
  finish(thread, c, woken);
  return step;
}

static Step recv_any(Channel* c, void* into, Waiter* waiter) {
  Thread* const thread = enter_and_lock(c);
  Waiter* woken = nullptr;
  const Step step = guarded_recv<AnyMover>(thread, c, into, &woken);
  if (step == Step::wait && waiter != nullptr) c->add_receiver(waiter);
  finish(thread, c, woken);
  return step;
}

Step send_or_wait(Channel* c, Waiter* waiter) {
  return c == nullptr ? Step::wait : send_any(c, waiter->slot, waiter);
}
Step recv_or_wait(Channel* c, Waiter* waiter) {
  return c == nullptr ? Step::wait : recv_any(c, waiter->slot, waiter);
}

bool cancel_wait(Channel* c, Waiter* waiter) {
  if (c == nullptr) return true;
  Section section;
  base::Guard guard(c->lock);
  return c->remove(waiter);
}

}  // namespace gort::sync

namespace gort::detail {

using sync::Channel;
using sync::Step;

template <class Word>
void chan_send(Channel* c, Word value) {
  if (c == nullptr) [[unlikely]]
    sync::wait_for_ever(WaitReason::chan_send_nil);
  sched::Thread* thread = sched::enter();
  c->lock.lock();
  const std::size_t size = c->size();
  if (c->has(sync::kClosed | sync::kReceiversWait)) return sync::hand_over_word(thread, c, value);
  if (size >= c->capacity) [[unlikely]]
    return sync::wait_to_send_word(thread, c, value);
  sync::WordMover<Word>::put(c, c->buffer + c->tail * sizeof(Word), &value);
  c->tail = c->after(c->tail);
  c->set_size(size + 1);
  c->lock.unlock();
  sched::leave(thread);
}

template <class Word>
received_word<Word> chan_recv(Channel* c) noexcept {
  if (c == nullptr) [[unlikely]]
    sync::wait_for_ever(WaitReason::chan_receive_nil);
  sched::Thread* thread = sched::enter();
  c->lock.lock();
  const std::size_t size = c->size();
  if (c->has(sync::kSendersWait | (size == 0 ? sync::kClosed : 0))) {
    return sync::take_over_word<Word>(thread, c);
  }
  if (size == 0) return sync::wait_to_recv_word<Word>(thread, c);
  received_word<Word> result;
  sync::WordMover<Word>::take(c, &result.value, c->buffer + c->head * sizeof(Word));
  result.ok = true;
  c->head = c->after(c->head);
  c->set_size(size - 1);
  c->lock.unlock();
  sched::leave(thread);
  return result;
}

template void chan_send(Channel*, no_word);
template void chan_send(Channel*, std::uint8_t);
template void chan_send(Channel*, std::uint16_t);
template void chan_send(Channel*, std::uint32_t);
template void chan_send(Channel*, std::uint64_t);
template void chan_send(Channel*, two_words);
template received_word<no_word> chan_recv(Channel*) noexcept;
template received_word<std::uint8_t> chan_recv(Channel*) noexcept;
template received_word<std::uint16_t> chan_recv(Channel*) noexcept;
template received_word<std::uint32_t> chan_recv(Channel*) noexcept;
template received_word<std::uint64_t> chan_recv(Channel*) noexcept;
template received_word<two_words> chan_recv(Channel*) noexcept;

void chan_send_bytes(Channel* c, const void* value) {
  if (c == nullptr) [[unlikely]]
    sync::wait_for_ever(WaitReason::chan_send_nil);
  // What is sent is only read: a waiter's slot serves both directions.
  sync::send_bytes_slow(sync::enter_and_lock(c), c, const_cast<void*>(value));
}

bool chan_recv_bytes(Channel* c, void* value) noexcept {
  if (c == nullptr) [[unlikely]]
    sync::wait_for_ever(WaitReason::chan_receive_nil);
  return sync::recv_bytes_slow(sync::enter_and_lock(c), c, value);
}

void chan_send_object(Channel* c, void* value) {
  if (c == nullptr) [[unlikely]]
    sync::wait_for_ever(WaitReason::chan_send_nil);
  sync::send_on<sync::ObjectMover>(sync::enter_and_lock(c), c, value);
}

bool chan_recv_object(Channel* c, void* optional) {
  if (c == nullptr) [[unlikely]]
    sync::wait_for_ever(WaitReason::chan_receive_nil);
  return sync::recv_on<sync::ObjectMover>(sync::enter_and_lock(c), c, optional);
}

bool chan_try_send(Channel* c, const void* value) {
  if (c == nullptr || !sync::looks_ready_to_send(c)) return false;
  const Step step = sync::send_any(c, const_cast<void*>(value), nullptr);
  if (step == Step::closed) sync::throw_send_on_closed();
  return step == Step::done;
}

try_outcome chan_try_recv(Channel* c, void* into) {
  if (c == nullptr || !sync::looks_ready_to_recv(c)) return try_outcome::not_ready;
  switch (sync::recv_any(c, into, nullptr)) {
    case Step::done: return try_outcome::done;
    case Step::closed: return try_outcome::closed;
    case Step::wait: break;
  }
  return try_outcome::not_ready;
}

}  // namespace gort::detail
