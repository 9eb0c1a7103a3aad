// Timers as users have them: with a channel, or with a function.
//
// With a channel: the timer is part of the channel's body, one collected object. The heap of timers
// is no root, so an abandoned timer is found dead; while it is queued the object has an end, which
// takes it out of the heap and waits for a callback that is running. One that was stopped or has
// fired needs none, and costs nothing when it dies. The channel has one slot, which stop and reset
// empty: they are done with the old time when the callback cannot be running any more, and so
// nothing of before can be received after them.
//
// With a function: queued, the timer holds itself; the callback hands that reference to the
// goroutine it starts, and stop gives it back. Such a timer is fire-and-forget for the scheduler,
// so nobody waits for its callback.
//
// [Y1] A timer is added and removed under its own lock, which makes stop and reset atomic. The
//      callback does not take it, as remove waits for the callback.
// [Y2] A timer with a channel has an end whenever it is queued or firing; it loses it in the
//      section in which it stops being so, and cannot be found dead before that section is left.
// Runs in goroutines and foreign threads; callbacks inside the runtime. Not here: the heap
// (sched/timer.cc).
#include "sync/timers.h"

#include <new>

#include "gort/time.hpp"
#include "sync/chan.h"

namespace gort::detail {

using sched::Timer;
using sync::Section;

// --- with a channel

struct ChannelTimer : sync::Channel {
  std::int64_t slot = 0;    // the channel's buffer: a time_point
  base::ElidedLock arming;  // [Y1]; `lock` is the channel's
  Timer timer;              // under arming but for its callback
  std::int64_t period_ns = 0;

  ChannelTimer();
};
static_assert(sizeof(ChannelTimer) <= kChannelTimerBytes &&
              alignof(ChannelTimer) <= kChannelTimerAlignment);
static_assert(sizeof(time_point) == sizeof(std::int64_t) && is_plain_element<time_point>);

namespace {

// Ticks keep to their grid; those that were missed are left out.
std::int64_t next_tick(const ChannelTimer& ticker, std::int64_t now_ns) {
  const std::int64_t missed = (now_ns - ticker.timer.when_ns) / ticker.period_ns;
  std::int64_t next;
  if (__builtin_mul_overflow(missed + 1, ticker.period_ns, &next) ||
      __builtin_add_overflow(ticker.timer.when_ns, next, &next)) {
    return base::kNever - 1;
  }
  return sync::reachable(next);
}

void end_timer(void* object, std::size_t) {
  auto* const body = static_cast<ChannelTimer*>(object);
  {
    Section section;
    sched::remove_timer(&body->timer);
  }
  body->~ChannelTimer();
}
constexpr object_layout kTimerEnd{
    .words = 1, .repeat = 0, .bits = &kEveryWord, .destroy = end_timer, .prompt = true};

// [Y2]
void set_end(ChannelTimer* body, bool queued) {
  constexpr std::size_t kExtent =
      object_extent(kChannelTimerBytes, kChannelTimerAlignment, object_kind::destructible);
  write_end(body, kExtent, 1, queued ? &kTimerEnd : nullptr);
}

std::int64_t deliver(Timer* timer, std::int64_t now_ns) {
  auto* body = static_cast<ChannelTimer*>(timer->argument);
  sync::timer_send(base::current_thread(), body, &now_ns);
  if (body->period_ns != 0) return next_tick(*body, now_ns);
  set_end(body, false);
  return 0;
}

ChannelTimer* body_of(sync::Channel* channel) { return static_cast<ChannelTimer*>(channel); }

}  // namespace

ChannelTimer::ChannelTimer() : Channel(element_type_of<time_point>, 1, &slot) {
  is_timer = true;
  timer.fire = deliver;
  timer.argument = this;
}

sync::Channel* init_channel_timer(void* memory, std::int64_t ns, std::int64_t period_ns) noexcept {
  auto* body = ::new (memory) ChannelTimer();
  body->timer.when_ns = sync::time_after(ns);
  body->period_ns = period_ns;
  Section section;
  set_end(body, true);
  sched::add_timer(section.thread(), &body->timer);
  return body;
}

bool stop_channel_timer(sync::Channel* channel) {
  ChannelTimer* body = body_of(channel);
  Section section;
  base::Guard guard(body->arming);
  const bool pending = sched::remove_timer(&body->timer);
  set_end(body, false);
  return sync::drain(body) || pending;
}

bool reset_channel_timer(sync::Channel* channel, std::int64_t ns, std::int64_t period_ns) {
  ChannelTimer* body = body_of(channel);
  const std::int64_t when_ns = sync::time_after(ns);
  Section section;
  base::Guard guard(body->arming);
  const bool pending = sched::remove_timer(&body->timer);
  const bool unseen = sync::drain(body);
  body->timer.when_ns = when_ns;
  body->period_ns = period_ns;
  set_end(body, true);
  sched::add_timer(section.thread(), &body->timer);
  return pending || unseen;
}

// --- with a function

struct function_timer : counted {
  base::ElidedLock arming;  // [Y1]
  Timer timer;              // under arming but for its callback
  closure_entry run = nullptr;
};

namespace {

static_assert(sizeof(function_timer) <= owner_bytes<function_timer> &&
              owner_bytes<function_timer> % kFunctionAlignment == 0);

std::int64_t start_function(Timer* timer, std::int64_t) {
  auto* self = static_cast<function_timer*>(timer->argument);
  const new_goroutine made = make_goroutine(self->run, nullptr);
  ::new (made.closure) function_timer*(self);  // with the reference that the queue had
  start_goroutine(made.goroutine);
  return 0;
}

void add_reference(function_timer* timer) {
  timer->references.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

function_timer* init_owner(std::type_identity<function_timer>, void* memory,
                           const function_type& type) noexcept {
  auto* timer = ::new (memory) function_timer;
  timer->destroy = type.destroy;
  timer->run = type.run;
  timer->timer.fire = start_function;
  timer->timer.argument = timer;
  timer->timer.fire_and_forget = true;
  return timer;
}

void end_owner(function_timer* owner) noexcept { owner->~function_timer(); }

void start_function_timer(function_timer* timer, std::int64_t ns) {
  timer->timer.when_ns = sync::time_after(ns);
  timer->references.store(2, std::memory_order_relaxed);  // nobody else knows it yet
  Section section;
  sched::add_timer(section.thread(), &timer->timer);
}

bool stop_function_timer(function_timer* timer) {
  Section section;
  base::Guard guard(timer->arming);
  if (!sched::remove_timer(&timer->timer)) return false;
  timer->references.fetch_sub(1, std::memory_order_relaxed);  // the caller has another
  return true;
}

bool reset_function_timer(function_timer* timer, std::int64_t ns) {
  const std::int64_t when_ns = sync::time_after(ns);
  Section section;
  base::Guard guard(timer->arming);
  const bool pending = sched::remove_timer(&timer->timer);
  if (!pending) add_reference(timer);
  timer->timer.when_ns = when_ns;
  sched::add_timer(section.thread(), &timer->timer);
  return pending;
}

}  // namespace gort::detail
