// The few functions that time.hpp calls, and durations made into nanoseconds.
//
// All times are nanoseconds on the monotonic clock, which std::chrono::steady_clock is too. What a
// duration cannot be in them saturates: "for ever" stays for ever, and nothing is rounded to less
// than was asked.
// These names are for gort's headers, not for users. Not here: the timers (src/sync/timers.cc).
#pragma once

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <ratio>
#include <type_traits>

#include "gort/detail/function_core.hpp"
#include "gort/detail/handle.hpp"
#include "gort/detail/heap_core.hpp"

namespace gort {
class context;
}

namespace gort::sync {
struct Channel;
}

namespace gort::detail {

template <class Rep, class Period>
constexpr std::int64_t saturated_ns(std::chrono::duration<Rep, Period> d) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
  using per_ns = std::ratio_divide<Period, std::nano>;
  if constexpr (std::is_integral_v<Rep> && per_ns::den == 1) {
    std::int64_t ns = 0;
    if (__builtin_mul_overflow(d.count(), per_ns::num, &ns)) return d.count() < 0 ? kLeast : kMost;
    return ns;
  } else {
    const long double exact = static_cast<long double>(d.count()) * per_ns::num / per_ns::den;
    const long double up = std::ceil(exact);
    if (up >= static_cast<long double>(kMost)) return kMost;
    if (up > static_cast<long double>(kLeast)) return static_cast<std::int64_t>(up);
    return kLeast;  // also what is not a number
  }
}

// Not at all if `ns` is not positive.
void sleep_for(std::int64_t ns);
void sleep_for(std::int64_t ns, const context& ctx);
void sleep_until(std::int64_t when_ns);
void sleep_until(std::int64_t when_ns, const context& ctx);

// A timer with a channel is one collected object. `period_ns` 0: once.
inline constexpr std::size_t kChannelTimerBytes = 192;
inline constexpr std::size_t kChannelTimerAlignment = 64;
sync::Channel* init_channel_timer(void* memory, std::int64_t ns, std::int64_t period_ns) noexcept;
bool stop_channel_timer(sync::Channel* channel);
bool reset_channel_timer(sync::Channel* channel, std::int64_t ns, std::int64_t period_ns);

inline sync::Channel* make_channel_timer(std::int64_t ns, std::int64_t period_ns) {
  return init_channel_timer(allocate_object(kChannelTimerBytes, kChannelTimerAlignment,
                                            object_kind::destructible, nullptr),
                            ns, period_ns);
}

// A timer with a function: made (store_function), started. While it is queued it holds itself.
void start_function_timer(function_timer* timer, std::int64_t ns);
bool stop_function_timer(function_timer* timer);
bool reset_function_timer(function_timer* timer, std::int64_t ns);

}  // namespace gort::detail
