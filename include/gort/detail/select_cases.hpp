// The typed cases of a select, and the select over a fixed number of them.
//
// Each case knows its channel and where its value lies, which is all that the core is told, and
// what to do when it was chosen. Those that wait for no channel, the timeouts, are left out of the
// core's list and make up its time limit; which case stands where in the list is known at compile
// time.
//
// A value is received directly into the user's std::optional, if that is empty; if it is not, its
// old value would be destroyed under the channel's lock, so then it goes through the case. Plain
// elements always do: the core writes bytes. These names are for gort's headers, not for users. Not
// here: lists made at run time (select_case.hpp).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "gort/chan.hpp"

namespace gort::detail {

struct no_callback {
  constexpr void operator()() const noexcept {}
};

template <class C>
concept receivable = requires {
  typename C::value_type;
}
&&std::is_base_of_v<recv_operations<C, typename C::value_type>, C>;
template <class C>
concept sendable = requires {
  typename C::value_type;
}
&&std::is_base_of_v<send_operations<C, typename C::value_type>, C>;
template <class F, class T>
concept receiver_of = std::is_invocable_v<F&, std::optional<T>> || std::is_invocable_v<F&>;

// Where a received T is put by the core.
template <class T>
struct recv_slot {
  plain_slot<T> slot;
  void* address() noexcept { return slot.memory; }
  std::optional<T> take(bool ok) {
    return ok ? std::optional<T>(slot.value()) : std::optional<T>();
  }
};
template <class T>
requires(!is_plain_element<T>) struct recv_slot<T> {
  std::optional<T> value;
  void* address() noexcept { return &value; }
  std::optional<T> take(bool) {
    std::optional<T> taken(std::move(value));
    value.reset();
    return taken;
  }
};

template <class T>
class recv_into {
 public:
  static constexpr bool kHasChannel = true;
  static constexpr bool kHasCallback = false;

  recv_into(sync::Channel* channel, std::optional<T>& out) noexcept
      : channel_(channel), out_(&out) {}

  select_entry entry() noexcept {
    if constexpr (!is_plain_element<T>) {
      direct_ = !out_->has_value();
      if (direct_) return {channel_, out_, false, false};
    }
    return {channel_, slot_.address(), false, false};
  }
  void finish(bool ok) {
    if constexpr (!is_plain_element<T>) {
      if (direct_) return;
    }
    assign(slot_.take(ok));
  }

 private:
  void assign(std::optional<T>&& received) {
    if constexpr (std::is_move_assignable_v<T>) {
      *out_ = std::move(received);
    } else {
      out_->reset();
      if (received) out_->emplace(std::move(*received));
    }
  }

  sync::Channel* channel_;
  std::optional<T>* out_;
  bool direct_ = false;
  recv_slot<T> slot_;
};

template <class T, class F>
class recv_call {
 public:
  static constexpr bool kHasChannel = true;
  static constexpr bool kHasCallback = !std::is_same_v<F, no_callback>;

  template <class G>
  recv_call(sync::Channel* channel, G&& f) : channel_(channel), f_(std::forward<G>(f)) {}

  select_entry entry() noexcept { return {channel_, slot_.address(), false, false}; }
  void finish(bool ok) {
    if constexpr (std::is_invocable_v<F&, std::optional<T>>) {
      f_(slot_.take(ok));
    } else {
      (void)slot_.take(ok);
      f_();
    }
  }

 private:
  sync::Channel* channel_;
  recv_slot<T> slot_;
  [[no_unique_address]] F f_;
};

// The value stays where it is until it is sent.
template <class T, class F>
class send_from {
 public:
  static constexpr bool kHasChannel = true;
  static constexpr bool kHasCallback = !std::is_same_v<F, no_callback>;

  template <class G>
  send_from(sync::Channel* channel, T& value, G&& f)
      : channel_(channel), value_(std::addressof(value)), f_(std::forward<G>(f)) {}

  select_entry entry() noexcept { return {channel_, value_, true, false}; }
  void finish(bool) { f_(); }
  sync::Channel* channel() const noexcept { return channel_; }
  T& value() const noexcept { return *value_; }

 private:
  sync::Channel* channel_;
  T* value_;
  [[no_unique_address]] F f_;
};

template <class T, class F>
class send_copy {
 public:
  static constexpr bool kHasChannel = true;
  static constexpr bool kHasCallback = !std::is_same_v<F, no_callback>;

  template <class V, class G>
  send_copy(sync::Channel* channel, V&& value, G&& f)
      : channel_(channel), value_(std::forward<V>(value)), f_(std::forward<G>(f)) {}

  select_entry entry() noexcept { return {channel_, std::addressof(value_), true, false}; }
  void finish(bool) { f_(); }

 private:
  sync::Channel* channel_;
  T value_;
  [[no_unique_address]] F f_;
};

template <class F>
class timeout_case {
 public:
  static constexpr bool kHasChannel = false;
  static constexpr bool kHasCallback = !std::is_same_v<F, no_callback>;

  template <class G>
  timeout_case(std::int64_t wait_ns, G&& f)
      : wait_ns_(std::min(wait_ns, kWaitForever - 1)), f_(std::forward<G>(f)) {}

  std::int64_t wait_ns() const noexcept { return wait_ns_; }
  void finish(bool) { f_(); }

 private:
  std::int64_t wait_ns_;
  [[no_unique_address]] F f_;
};

template <class C>
inline constexpr bool is_case = requires(C& c) {
  C::kHasChannel;
  c.finish(true);
};

// --- the select

template <class Case>
void add_entry(Case& c, select_entry*& next) noexcept {
  if constexpr (Case::kHasChannel) *next++ = c.entry();
}
template <class Case>
void add_limit(Case& c, int index, std::int64_t& wait_ns, int& limited_by) noexcept {
  if constexpr (!Case::kHasChannel) {
    if (limited_by >= 0 && c.wait_ns() >= wait_ns) return;
    wait_ns = c.wait_ns();
    limited_by = index;
  }
}

// The case that each entry of the core's list belongs to.
template <bool... kHasChannel>
constexpr auto case_numbers() {
  std::array<int, sizeof...(kHasChannel) + 1> numbers{};
  std::size_t entry = 0;
  int number = 0;
  ((kHasChannel ? void(numbers[entry++] = number++) : void(number++)), ...);
  return numbers;
}

template <class... Cases>
int select_static(Cases&... cases) {
  constexpr std::size_t kChannels = (std::size_t{Cases::kHasChannel} + ... + 0);
  select_entry entries[kChannels + 1];
  [[maybe_unused]] select_entry* next = entries;
  std::int64_t wait_ns = kWaitForever;
  int chosen = -1;
  [[maybe_unused]] int index = 0;
  (add_entry(cases, next), ...);
  (add_limit(cases, index++, wait_ns, chosen), ...);

  const std::size_t done = select_from(entries, kChannels, wait_ns);
  [[maybe_unused]] bool ok = false;
  if (done != kNotChosen) {
    static constexpr auto kCaseOf = case_numbers<Cases::kHasChannel...>();
    chosen = kCaseOf[done];
    ok = entries[done].ok;
  }
  index = 0;
  (void)((index++ == chosen ? (cases.finish(ok), true) : false) || ...);
  return chosen;
}

}  // namespace gort::detail
