// Sending and receiving.
//
// The idea: one lock, held for a few dozen instructions; a value goes straight to a receiver that waits, even where there is a
// buffer, and a receiver that frees a slot fills it from the first sender that waits. So order is first in, first out
// for values and for those who wait, and nobody is woken in vain.
//
// Each operation has two parts. The first is one test of `state` and one of `count`, both in the cache line that the lock
// is in, then the copy; it makes no call and keeps no frame. All else, handing over included, is in the second, which
// is entered by a tail call with the lock held. Rejected: a lock-free ring for the buffered case, which loses
// FIFO among waiters or exact capacity and gains nothing against a lock that one processor need not take.
//
// Objects (elements that must be moved) take their own pair of functions with a landing pad; if a move throws, nothing has
// happened to the channel, and a waiter that was already claimed for it looks again [C6].
//
// Runs on goroutines and attached threads; parks. Not here: the steps under the lock (chan.h), select (select.cc), making,
// closing and ending (chan_life.cc).
#include "gort/error.hpp"
#include "sync/chan.h"

namespace gort::sync {
namespace {

using sched::Thread;

[[noreturn, gnu::noinline]] void wait_for_ever(WaitReason reason) {
  Section section;
  for (;;) section.park(reason);
}

[[noreturn, gnu::noinline, gnu::cold]] void throw_closed() {
  detail::throw_runtime_error("send on closed channel");
}

// A move threw, with the lock held: whoever was to be served looks again.
[[gnu::noinline, gnu::cold]] void abandon(Thread* thread, Channel* c, Waiter* woken) {
  c->lock.unlock();
  if (woken != nullptr) wake(thread, woken);
}

template <class Mover>
constexpr bool kMayThrow = !noexcept(Mover::give(nullptr, nullptr, nullptr));

template <class Mover>
Step guarded_send(Thread* thread, Channel* c, void* value, Waiter** woken) {
  if constexpr (!kMayThrow<Mover>) return send_step<Mover>(c, value, woken);
  try {
    return send_step<Mover>(c, value, woken);
  } catch (...) {
    abandon(thread, c, *woken);
    throw;
  }
}

template <class Mover>
Step guarded_recv(Thread* thread, Channel* c, void* into, Waiter** woken) {
  if constexpr (!kMayThrow<Mover>) return recv_step<Mover>(c, into, woken);
  try {
    return recv_step<Mover>(c, into, woken);
  } catch (...) {
    abandon(thread, c, *woken);
    throw;
  }
}

// Leaves the section if moving throws; the two calls of one operation may be on different threads.
template <class Mover, class Operation>
Step leaving_if_it_throws(Thread* thread, Operation operation) {
  if constexpr (!kMayThrow<Mover>) return operation();
  try {
    return operation();
  } catch (...) {
    sched::leave(thread);
    throw;
  }
}

// With the lock held; releases it and leaves.
template <class Mover>
[[gnu::always_inline]] inline void send_on(Thread* thread, Channel* c, void* value) {
  for (;;) {
    Waiter* woken = nullptr;
    const Step step = leaving_if_it_throws<Mover>(
        thread, [&] { return guarded_send<Mover>(thread, c, value, &woken); });
    if (step == Step::done) {
      c->lock.unlock();
      if (woken != nullptr) wake(thread, woken);
      return sched::leave(thread);
    }
    if (step == Step::closed) {
      c->lock.unlock();
      sched::leave(thread);
      throw_closed();
    }
    Waiter waiter;
    waiter.goroutine = thread->current;
    waiter.slot = value;
    c->add_sender(&waiter);
    c->lock.unlock();
    thread = sched::park(thread, WaitReason::chan_send);
    if (waiter.success) return sched::leave(thread);
    c->lock.lock();
  }
}

// The same; false if the channel is closed and drained.
template <class Mover>
[[gnu::always_inline]] inline bool recv_on(Thread* thread, Channel* c, void* into) {
  for (;;) {
    Waiter* woken = nullptr;
    const Step step = leaving_if_it_throws<Mover>(
        thread, [&] { return guarded_recv<Mover>(thread, c, into, &woken); });
    if (step != Step::wait) {
      c->lock.unlock();
      if (woken != nullptr) wake(thread, woken);
      sched::leave(thread);
      return step == Step::done;
    }
    Waiter waiter;
    waiter.goroutine = thread->current;
    waiter.slot = into;
    c->add_receiver(&waiter);
    c->lock.unlock();
    thread = sched::park(thread, WaitReason::chan_receive);
    if (waiter.success) {
      sched::leave(thread);
      return true;
    }
    c->lock.lock();
  }
}

template <class Word>
[[gnu::noinline]] void send_word_slow(Thread* thread, Channel* c, Word value) {
  send_on<WordMover<Word>>(thread, c, &value);
}

template <class Word>
[[gnu::noinline]] detail::received_word<Word> recv_word_slow(Thread* thread, Channel* c) noexcept {
  detail::received_word<Word> result;
  result.ok = recv_on<WordMover<Word>>(thread, c, &result.value);
  return result;
}

[[gnu::noinline]] void send_bytes_slow(Thread* thread, Channel* c, void* value) {
  send_on<BytesMover>(thread, c, value);
}
[[gnu::noinline]] bool recv_bytes_slow(Thread* thread, Channel* c, void* into) noexcept {
  return recv_on<BytesMover>(thread, c, into);
}

// Enters and locks, for those who need more than a test.
Thread* enter_and_lock(Channel* c) {
  Thread* thread = sched::enter();
  c->lock.lock();
  return thread;
}

}  // namespace

Step send_or_wait(Thread* thread, Channel* c, Waiter* waiter) {
  Waiter* woken = nullptr;
  c->lock.lock();
  const Step step = guarded_send<AnyMover>(thread, c, waiter->slot, &woken);
  if (step == Step::wait) c->add_sender(waiter);
  c->lock.unlock();
  if (woken != nullptr) wake(thread, woken);
  return step;
}

Step recv_or_wait(Thread* thread, Channel* c, Waiter* waiter) {
  Waiter* woken = nullptr;
  c->lock.lock();
  const Step step = guarded_recv<AnyMover>(thread, c, waiter->slot, &woken);
  if (step == Step::wait) c->add_receiver(waiter);
  c->lock.unlock();
  if (woken != nullptr) wake(thread, woken);
  return step;
}

bool cancel_wait(Channel* c, Waiter* waiter) {
  base::Guard guard(c->lock);
  return c->remove(waiter);
}

}  // namespace gort::sync

namespace gort::detail {

using sync::Channel;
using sync::Step;

template <class Word>
void chan_send(Channel* c, Word value) {
  if (c == nullptr) [[unlikely]] sync::wait_for_ever(WaitReason::chan_send_nil);
  sched::Thread* thread = sched::enter();
  c->lock.lock();
  const std::size_t size = c->size();
  if (c->has(sync::kClosed | sync::kReceiversWait) || size >= c->capacity) [[unlikely]] {
    return sync::send_word_slow(thread, c, value);
  }
  sync::WordMover<Word>::put(c, c->buffer + c->tail * sizeof(Word), &value);
  c->tail = c->after(c->tail);
  c->set_size(size + 1);
  c->lock.unlock();
  sched::leave(thread);
}

template <class Word>
received_word<Word> chan_recv(Channel* c) noexcept {
  if (c == nullptr) [[unlikely]] sync::wait_for_ever(WaitReason::chan_receive_nil);
  sched::Thread* thread = sched::enter();
  c->lock.lock();
  const std::size_t size = c->size();
  if (c->has(sync::kSendersWait) || size == 0) [[unlikely]] {
    return sync::recv_word_slow<Word>(thread, c);
  }
  received_word<Word> result;
  sync::WordMover<Word>::put(c, &result.value, c->buffer + c->head * sizeof(Word));
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
  if (c == nullptr) [[unlikely]] sync::wait_for_ever(WaitReason::chan_send_nil);
  // What is sent is only read: a waiter's slot serves both directions.
  sync::send_bytes_slow(sync::enter_and_lock(c), c, const_cast<void*>(value));
}

bool chan_recv_bytes(Channel* c, void* value) noexcept {
  if (c == nullptr) [[unlikely]] sync::wait_for_ever(WaitReason::chan_receive_nil);
  return sync::recv_bytes_slow(sync::enter_and_lock(c), c, value);
}

void chan_send_object(Channel* c, void* value) {
  if (c == nullptr) [[unlikely]] sync::wait_for_ever(WaitReason::chan_send_nil);
  sync::send_on<sync::ObjectMover>(sync::enter_and_lock(c), c, value);
}

bool chan_recv_object(Channel* c, void* optional) {
  if (c == nullptr) [[unlikely]] sync::wait_for_ever(WaitReason::chan_receive_nil);
  return sync::recv_on<sync::ObjectMover>(sync::enter_and_lock(c), c, optional);
}

bool chan_try_send(Channel* c, const void* value) {
  if (c == nullptr || !sync::looks_ready_to_send(c)) return false;
  sched::Thread* thread = sync::enter_and_lock(c);
  sync::Waiter* woken = nullptr;
  const Step step = sync::leaving_if_it_throws<sync::AnyMover>(thread, [&] {
    return sync::guarded_send<sync::AnyMover>(thread, c, const_cast<void*>(value), &woken);
  });
  c->lock.unlock();
  if (woken != nullptr) sync::wake(thread, woken);
  sched::leave(thread);
  if (step == Step::closed) sync::throw_closed();
  return step == Step::done;
}

try_outcome chan_try_recv(Channel* c, void* into) {
  if (c == nullptr || !sync::looks_ready_to_recv(c)) return try_outcome::not_ready;
  sched::Thread* thread = sync::enter_and_lock(c);
  sync::Waiter* woken = nullptr;
  const Step step = sync::leaving_if_it_throws<sync::AnyMover>(
      thread, [&] { return sync::guarded_recv<sync::AnyMover>(thread, c, into, &woken); });
  c->lock.unlock();
  if (woken != nullptr) sync::wake(thread, woken);
  sched::leave(thread);
  switch (step) {
    case Step::done: return try_outcome::done;
    case Step::closed: return try_outcome::closed;
    case Step::wait: break;
  }
  return try_outcome::not_ready;
}

}  // namespace gort::detail
