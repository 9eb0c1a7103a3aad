// Time: sleep, timers, tickers, after_func.
//
// Everything runs on the monotonic clock, std::chrono::steady_clock, and takes any
// std::chrono::duration. Nothing is ever early; how late it is depends on what else runs. A
// duration too long to be counted in nanoseconds (292 years) means never.
//
//     gort::timer t(1s);
//     gort::select(gort::on_recv(answers, show), gort::on_recv(t.c(), give_up));
//
// As in Go since 1.23: the channel of a timer has no length and no capacity; a value that nobody
// received is taken back by stop() and reset(), so nothing of before ever arrives after them; and a
// timer, ticker or channel that nobody has a handle of any more is gone, without stop(). Handles
// are references: copies name the same timer. All functions may be called from any thread and at
// the same time.
//
// Not here: deadlines of whole operations (context.hpp), a timeout in a select (select.hpp).
#pragma once

#include <chrono>
#include <cstdint>
#include <utility>

#include "gort/chan.hpp"
#include "gort/detail/time_core.hpp"
#include "gort/error.hpp"

namespace gort {

using time_point = std::chrono::steady_clock::time_point;

// Parks the calling goroutine (blocks a thread that is none) for `d`; not at all if `d` is not
// positive. Go's time.Sleep. With a context: throws context_error when that is done first.
template <class Rep, class Period>
void sleep(std::chrono::duration<Rep, Period> d) {
  detail::sleep_for(detail::saturated_ns(d));
}
template <class Rep, class Period>
void sleep(std::chrono::duration<Rep, Period> d, const context& ctx) {
  detail::sleep_for(detail::saturated_ns(d), ctx);
}

// The same until a time; not at all if that is over.
inline void sleep_until(time_point when) { detail::sleep_until(when.time_since_epoch().count()); }
inline void sleep_until(time_point when, const context& ctx) {
  detail::sleep_until(when.time_since_epoch().count(), ctx);
}

class timer;
template <class Rep, class Period, class F>
timer after_func(std::chrono::duration<Rep, Period> d, F&& f);

// Happens once, after its duration: its channel delivers the time at which it fired, or
// (after_func) its function is called. Go's *time.Timer.
class timer {
 public:
  timer() = default;  // no timer: stop and reset throw runtime_error
  template <class Rep, class Period>
  explicit timer(std::chrono::duration<Rep, Period> d)
      : channel_(detail::make_channel_timer(detail::saturated_ns(d), 0)) {}
  // Delivers the time of firing. Nil for a timer that calls a function.
  const recv_chan<time_point>& c() const noexcept { return channel_; }

  // Stops the timer: what has not been received, or started, will not be. True if the call did
  // that; false if the timer had expired (and its value was received, or its function started) or
  // been stopped. Does not wait for a function that is running.
  bool stop() const {
    if (function_.get() != nullptr) return detail::stop_function_timer(function_.get());
    if (!channel_) detail::throw_runtime_error("time: Stop called on uninitialized Timer");
    return detail::stop_channel_timer(core(channel_));
  }

  // Lets the timer happen `d` from now, and not before. Returns what stop() would have.
  template <class Rep, class Period>
  bool reset(std::chrono::duration<Rep, Period> d) const {
    const std::int64_t ns = detail::saturated_ns(d);
    if (function_.get() != nullptr) return detail::reset_function_timer(function_.get(), ns);
    if (!channel_) detail::throw_runtime_error("time: Reset called on uninitialized Timer");
    return detail::reset_channel_timer(core(channel_), ns, 0);
  }

  explicit operator bool() const noexcept { return function_.get() != nullptr || channel_; }
  friend bool operator==(const timer& a, const timer& b) noexcept {
    return a.channel_ == b.channel_ && a.function_.get() == b.function_.get();
  }

 private:
  template <class Rep, class Period, class F>
  friend timer after_func(std::chrono::duration<Rep, Period> d, F&& f);
  explicit timer(detail::handle<detail::function_timer> function) noexcept
      : function_(std::move(function)) {}

  // One of the two, or neither.
  recv_chan<time_point> channel_;
  detail::handle<detail::function_timer> function_;
};

// Calls f() in a goroutine of its own after `d`, whether or not the returned timer is kept. After a
// reset f is called again, maybe while the call before is still running. f is destroyed when the
// timer cannot fire any more and nobody has a handle of it. A null function is fatal. Go's
// time.AfterFunc.
template <class Rep, class Period, class F>
timer after_func(std::chrono::duration<Rep, Period> d, F&& f) {
  timer made(detail::store_function<detail::function_timer>(std::forward<F>(f)));
  detail::start_function_timer(made.function_.get(), detail::saturated_ns(d));
  return made;
}

// Delivers the time after `d`, once. Go's time.After.
template <class Rep, class Period>
recv_chan<time_point> after(std::chrono::duration<Rep, Period> d) {
  return recv_chan<time_point>(detail::make_channel_timer(detail::saturated_ns(d), 0));
}

// Delivers the time again and again, `period` apart. A receiver that comes too late misses ticks:
// one waits for it at most. Go's *time.Ticker.
class ticker {
 public:
  ticker() = default;  // no ticker: stop does nothing, reset throws runtime_error
  // Throws runtime_error if the period is not positive.
  template <class Rep, class Period>
  explicit ticker(std::chrono::duration<Rep, Period> period) {
    const std::int64_t ns = detail::saturated_ns(period);
    if (ns <= 0) detail::throw_runtime_error("non-positive interval for NewTicker");
    channel_ = recv_chan<time_point>(detail::make_channel_timer(ns, ns));
  }

  const recv_chan<time_point>& c() const noexcept { return channel_; }

  // No tick is delivered after stop() has returned. The channel is not closed.
  void stop() const {
    if (channel_) detail::stop_channel_timer(core(channel_));
  }

  // The next tick comes one period from now. Also for a stopped ticker. Throws runtime_error if not
  // positive.
  template <class Rep, class Period>
  void reset(std::chrono::duration<Rep, Period> period) const {
    const std::int64_t ns = detail::saturated_ns(period);
    if (ns <= 0) detail::throw_runtime_error("non-positive interval for Ticker.Reset");
    if (!channel_) detail::throw_runtime_error("time: Reset called on uninitialized Ticker");
    detail::reset_channel_timer(core(channel_), ns, ns);
  }

  explicit operator bool() const noexcept { return static_cast<bool>(channel_); }
  friend bool operator==(const ticker&, const ticker&) = default;

 private:
  recv_chan<time_point> channel_;
};

// The channel of a ticker; nil if the period is not positive. Go's time.Tick.
template <class Rep, class Period>
recv_chan<time_point> tick(std::chrono::duration<Rep, Period> period) {
  return detail::saturated_ns(period) > 0 ? ticker(period).c() : recv_chan<time_point>();
}

}  // namespace gort
