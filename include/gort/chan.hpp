// Channels: chan<T>, its one-directional views, and receiving in a range-for.
//
// A chan<T> is a reference, as in Go: copies name the same channel, a default-constructed one is
// nil. Operations are const and may be called from any number of goroutines and threads at once.
//
//     auto c = gort::make<gort::chan<int>>();
//     gort::go([c] { for (int i = 0; i < 3; ++i) c.send(i); c.close(); });
//     for (int v : c) std::cout << v;
//
// Values and waiters are served first in, first out; a send happens before the receive that takes
// its value, a close before a receive that returns because of it. A value is moved from only when
// its operation succeeds. Moving and destroying a T happens while the channel is locked: it must
// not wait for other goroutines. If it throws, the exception leaves the operation (of either side,
// when one serves the other), which has then not happened.
//
// A channel is a collected object: when nobody can reach it any more it goes away, and what it
// holds is destroyed then, on a goroutine of the runtime. Not here: select (select.hpp), channels
// that tick (time.hpp).
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include "gort/detail/boot_anchor.hpp"
#include "gort/detail/chan_core.hpp"
#include "gort/detail/type_info.hpp"
#include "gort/error.hpp"
#include "gort/make.hpp"

namespace gort {

template <class T>
class chan;
template <class T>
class send_chan;
template <class T>
class recv_chan;

// The value that says nothing; Go's struct{}. A channel of it buffers a count.
struct unit {
  friend constexpr bool operator==(unit, unit) = default;
};

// What try_recv found: a value; or closed and drained; or, with neither, nothing yet.
template <class T>
struct try_recv_result {
  std::optional<T> value;
  bool closed = false;

  explicit operator bool() const noexcept { return value.has_value(); }
};

namespace detail {

// Asked where a channel is made or used: in a field of T itself, T is still incomplete.
template <class T>
consteval void check_element() {
  static_assert(std::is_object_v<T> && !std::is_array_v<T> && !std::is_const_v<T> &&
                    std::is_move_constructible_v<T> && std::is_nothrow_destructible_v<T>,
                "chan<T>: T must be movable, no array or reference, its destructor noexcept");
  check_alignment<T>();
}

// Memory for a plain T, filled by the core.
template <class T>
struct plain_slot {
  alignas(T) std::byte memory[sizeof(T)];
  T&& value() noexcept { return std::move(*std::launder(reinterpret_cast<T*>(memory))); }
};

template <class T>
void send_value(sync::Channel* channel, T& value) {
  using word = word_of<T>;
  if constexpr (!is_plain_element<T>) {
    chan_send_object(channel, std::addressof(value));
  } else if constexpr (!std::is_void_v<word>) {
    chan_send<word>(channel, std::bit_cast<word>(value));
  } else {
    chan_send_bytes(channel, std::addressof(value));
  }
}

template <class T>
std::optional<T> recv_value(sync::Channel* channel) {
  using word = word_of<T>;
  if constexpr (!is_plain_element<T>) {
    std::optional<T> result;
    chan_recv_object(channel, &result);
    return result;
  } else if constexpr (!std::is_void_v<word>) {
    const received_word<word> received = chan_recv<word>(channel);
    if (!received.ok) [[unlikely]]
      return std::nullopt;
    return std::bit_cast<T>(received.value);
  } else {
    plain_slot<T> slot;
    if (!chan_recv_bytes(channel, slot.memory)) return std::nullopt;
    return slot.value();
  }
}

template <class T>
try_recv_result<T> try_recv_value(sync::Channel* channel) {
  try_recv_result<T> result;
  if constexpr (is_plain_element<T>) {
    plain_slot<T> slot;
    const try_outcome outcome = chan_try_recv(channel, slot.memory);
    if (outcome == try_outcome::done) result.value.emplace(slot.value());
    result.closed = outcome == try_outcome::closed;
  } else {
    result.closed = chan_try_recv(channel, &result.value) == try_outcome::closed;
  }
  return result;
}

// Nothing: closed and drained. *ended: `done` was closed first.
template <class T>
std::optional<T> recv_value_until(sync::Channel* channel, sync::Channel* done, bool* ended) {
  if constexpr (is_plain_element<T>) {
    plain_slot<T> slot;
    const recv_until outcome = chan_recv_until(channel, slot.memory, done);
    *ended = outcome == recv_until::done;
    if (outcome != recv_until::value) return std::nullopt;
    return slot.value();
  } else {
    std::optional<T> result;
    *ended = chan_recv_until(channel, &result, done) == recv_until::done;
    return result;
  }
}

// Takes values until the channel is closed. An input iterator: one pass, and what it points to may
// be moved from.
template <class T>
class recv_iterator {
 public:
  using value_type = T;
  using difference_type = std::ptrdiff_t;
  using reference = T&&;
  using iterator_concept = std::input_iterator_tag;

  recv_iterator() = default;
  explicit recv_iterator(sync::Channel* channel)
      : channel_(channel), value_(recv_value<T>(channel)) {}

  T&& operator*() const noexcept { return std::move(*value_); }
  recv_iterator& operator++() {
    value_.reset();
    if constexpr (std::is_move_assignable_v<T>) {
      value_ = recv_value<T>(channel_);
    } else {
      if (auto next = recv_value<T>(channel_)) value_.emplace(std::move(*next));
    }
    return *this;
  }
  void operator++(int) { ++*this; }
  friend bool operator==(const recv_iterator& i, std::default_sentinel_t) noexcept {
    return !i.value_.has_value();
  }

 private:
  sync::Channel* channel_ = nullptr;
  mutable std::optional<T> value_;
};

// What the three types share.
template <class T>
class channel_handle {
 public:
  using value_type = T;

  // The number of buffered values, a moment old, and how many there is room for; 0 for nil and for
  // a timer's channel.
  std::ptrdiff_t len() const noexcept { return chan_len(body_.get()); }
  std::ptrdiff_t cap() const noexcept { return chan_cap(body_.get()); }

  // False: nil.
  explicit operator bool() const noexcept { return body_.get() != nullptr; }

  // For gort's own headers.
  friend sync::Channel* core(const channel_handle& c) noexcept { return c.body_.get(); }

 protected:
  channel_handle() = default;
  constexpr explicit channel_handle(literal_tag tag) noexcept : body_(tag) {}
  explicit channel_handle(channel_reference body) noexcept : body_(std::move(body)) {}
  const channel_reference& body() const& noexcept { return body_; }
  channel_reference&& body() && noexcept { return std::move(body_); }

 private:
  static_assert(std::is_object_v<T> && !std::is_array_v<T>, "chan<T>: T must be a value");
  channel_reference body_;
};

template <class Self, class T>
class send_operations {
 public:
  // Blocks until the value is taken or buffered; on a nil channel for ever. On a closed channel,
  // also one that is closed meanwhile, throws runtime_error("send on closed channel"), and `value`
  // is still the caller's. Go's c <- v.
  void send(T&& value) const { send_value<T>(channel(), value); }
  void send(const T& value) const requires std::copy_constructible<T> {
    T copy(value);
    send_value<T>(channel(), copy);
  }
  // The same until `ctx` is done: then throws context_error. If both can happen, either may.
  void send(T&& value, const context& ctx) const { send_until(value, ctx); }
  void send(const T& value, const context& ctx) const requires std::copy_constructible<T> {
    T copy(value);
    send_until(copy, ctx);
  }

  // Sends if that need not wait; true if it did. Throws on a closed channel. Go's select with one
  // send and a default.
  [[nodiscard]] bool try_send(T&& value) const {
    return chan_try_send(channel(), std::addressof(value));
  }
  [[nodiscard]] bool try_send(const T& value) const requires std::copy_constructible<T> {
    if constexpr (is_plain_element<T>) {
      return chan_try_send(channel(), std::addressof(value));
    } else {
      T copy(value);
      return chan_try_send(channel(), std::addressof(copy));
    }
  }

  // No more will be sent: receivers get what is buffered, then nothing. Throws runtime_error("close
  // of closed channel"), ("close of nil channel"). Go's close(c).
  void close() const { chan_close(channel()); }

 private:
  sync::Channel* channel() const noexcept {
    check_element<T>();
    return core(static_cast<const Self&>(*this));
  }
  void send_until(T& value, const context& ctx) const {
    sync::Channel* const done = done_core(ctx);
    if (done == nullptr) return send_value<T>(channel(), value);
    if (!chan_send_until(channel(), std::addressof(value), done)) throw_context_error(ctx);
  }
};

template <class Self, class T>
class recv_operations {
 public:
  // The next value, or nothing once the channel is closed and drained. Blocks until then; on a nil
  // channel for ever. Go's v, ok := <-c.
  std::optional<T> recv() const { return recv_value<T>(channel()); }
  // The same until `ctx` is done: then throws context_error. If both can happen, either may.
  std::optional<T> recv(const context& ctx) const {
    sync::Channel* const done = done_core(ctx);
    if (done == nullptr) return recv_value<T>(channel());
    bool ended = false;
    std::optional<T> result = recv_value_until<T>(channel(), done, &ended);
    if (ended) throw_context_error(ctx);
    return result;
  }

  // What is there at once. Go's select with one receive and a default.
  [[nodiscard]] try_recv_result<T> try_recv() const { return try_recv_value<T>(channel()); }

  // for (T v : c): receives until the channel is closed. Leaving early takes no value that the loop
  // did not see.
  recv_iterator<T> begin() const { return recv_iterator<T>(channel()); }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  sync::Channel* channel() const noexcept {
    check_element<T>();
    return core(static_cast<const Self&>(*this));
  }
};

// A channel that died while it held something: its elements are destroyed.
inline constexpr object_layout channel_end{1, 0, &kEveryWord, [](void* body, std::size_t) {
                                             end_channel(static_cast<sync::Channel*>(body));
                                           }};

// The body of a chan<T>. What it refers to besides its elements is on stacks.
template <class T>
sync::Channel* make_channel(std::int64_t capacity, bool in_range) {
  check_element<T>();
  const element_type& type = element_type_of<T>;
  const chan_layout layout = layout_channel(type, capacity, in_range);
  const object_kind kind = capacity == 0 ? object_kind::noscan : kind_of<T>;
  void* const memory = allocate_object(layout.bytes, layout.align, kind, nullptr);
  note_type(memory, type_signature<chan<T>>());
  sync::Channel* const made = init_channel(memory, type, static_cast<std::size_t>(capacity));
  if (kind == object_kind::destructible) {
    write_end(memory, object_extent(layout.bytes, layout.align, kind), 1, &channel_end);
  }
  return made;
}

}  // namespace detail

// A channel of T. Make one with make<chan<T>>() or make<chan<T>>(capacity).
template <class T>
class chan : public detail::channel_handle<T>,
             public detail::send_operations<chan<T>, T>,
             public detail::recv_operations<chan<T>, T> {
 public:
  chan() = default;  // nil
  chan(std::nullptr_t) noexcept {}
  // For gort's own headers.
  explicit chan(sync::Channel* body) noexcept
      : detail::channel_handle<T>(detail::channel_reference(body)) {}

  friend bool operator==(const chan& a, const chan& b) noexcept { return core(a) == core(b); }
  friend bool operator==(const chan& c, std::nullptr_t) noexcept { return !c; }

 private:
  friend class send_chan<T>;
  friend class recv_chan<T>;
  constexpr explicit chan(detail::literal_tag tag) noexcept : detail::channel_handle<T>(tag) {}
};

// A channel that can be sent to and closed; Go's chan<- T.
template <class T>
class send_chan : public detail::channel_handle<T>,
                  public detail::send_operations<send_chan<T>, T> {
 public:
  send_chan() = default;
  send_chan(std::nullptr_t) noexcept {}
  send_chan(const chan<T>& c) noexcept : detail::channel_handle<T>(c.body()) {}
  send_chan(chan<T>&& c) noexcept : detail::channel_handle<T>(std::move(c).body()) {}
  explicit send_chan(sync::Channel* body) noexcept
      : detail::channel_handle<T>(detail::channel_reference(body)) {}

  friend bool operator==(const send_chan& a, const send_chan& b) noexcept {
    return core(a) == core(b);
  }
  friend bool operator==(const send_chan& c, std::nullptr_t) noexcept { return !c; }

 private:
  constexpr explicit send_chan(detail::literal_tag tag) noexcept : detail::channel_handle<T>(tag) {}
};

// A channel that can be received from; Go's <-chan T.
template <class T>
class recv_chan : public detail::channel_handle<T>,
                  public detail::recv_operations<recv_chan<T>, T> {
 public:
  recv_chan() = default;
  recv_chan(std::nullptr_t) noexcept {}
  recv_chan(const chan<T>& c) noexcept : detail::channel_handle<T>(c.body()) {}
  recv_chan(chan<T>&& c) noexcept : detail::channel_handle<T>(std::move(c).body()) {}
  explicit recv_chan(sync::Channel* body) noexcept
      : detail::channel_handle<T>(detail::channel_reference(body)) {}

  friend bool operator==(const recv_chan& a, const recv_chan& b) noexcept {
    return core(a) == core(b);
  }
  friend bool operator==(const recv_chan& c, std::nullptr_t) noexcept { return !c; }

 private:
  constexpr explicit recv_chan(detail::literal_tag tag) noexcept : detail::channel_handle<T>(tag) {}
};

// make<chan<T>>(): unbuffered; make<chan<T>>(n): with room for n values. Throws
// runtime_error("makechan: size out of range") for a negative or an impossible n.
template <class T>
struct detail::maker<chan<T>> {
  static chan<T> make() { return chan<T>(make_channel<T>(0, true)); }
  template <std::integral N>
  static chan<T> make(N capacity) {
    return chan<T>(make_channel<T>(static_cast<std::int64_t>(capacity),
                                   std::in_range<std::int64_t>(capacity)));
  }
};

// The number of buffered values, and how many there is room for. Go's len and cap.
template <class T>
std::ptrdiff_t len(const detail::channel_handle<T>& c) noexcept {
  return c.len();
}
template <class T>
std::ptrdiff_t cap(const detail::channel_handle<T>& c) noexcept {
  return c.cap();
}

// A dead object's channels have nothing to end.
template <class T>
struct object_traits<chan<T>> {
  static constexpr bool needs_destructor = false;
};
template <class T>
struct object_traits<send_chan<T>> {
  static constexpr bool needs_destructor = false;
};
template <class T>
struct object_traits<recv_chan<T>> {
  static constexpr bool needs_destructor = false;
};

}  // namespace gort

template <class T>
struct std::hash<gort::chan<T>> {
  std::size_t operator()(const gort::chan<T>& c) const noexcept {
    return std::hash<const void*>()(core(c));
  }
};
template <class T>
struct std::hash<gort::send_chan<T>> {
  std::size_t operator()(const gort::send_chan<T>& c) const noexcept {
    return std::hash<const void*>()(core(c));
  }
};
template <class T>
struct std::hash<gort::recv_chan<T>> {
  std::size_t operator()(const gort::recv_chan<T>& c) const noexcept {
    return std::hash<const void*>()(core(c));
  }
};
