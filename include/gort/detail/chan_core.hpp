// The few functions that chan<T> and select call.
//
// What is typed is a thin shell in chan.hpp and select.hpp; behind it channels move values of which
// they know the size and, where copying bytes will not do, two functions. Values that are copied as
// bytes and fit in a register or two go in and out by value: no address, no indirect call. Others
// go by address:
//
//   kind     sent from            received into
//   bytes    a T                  memory for a T
//   object   a T, then moved-from std::optional<T>, emplaced: one move per hand-over
//
// These names are for gort's headers, not for users. A null channel is Go's nil channel.
// Not here: how it works (src/sync/chan.cc, src/sync/select.cc).
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

#include "gort/detail/barrier.hpp"
#include "gort/detail/type_info.hpp"

namespace gort {
class context;
}

namespace gort::sync {
struct Channel;  // src/sync/chan.h
}

namespace gort::detail {

// What holds a channel: a reference to a collected object. What is moved from is nil.
class channel_reference {
 public:
  channel_reference() noexcept = default;
  explicit channel_reference(sync::Channel* channel) noexcept : word_(channel) {}
  constexpr explicit channel_reference(literal_tag tag) noexcept : word_(tag) {}
  channel_reference(const channel_reference& other) noexcept = default;
  channel_reference(channel_reference&& other) noexcept : word_(other.word_) {
    other.word_.set(nullptr);
  }
  channel_reference& operator=(const channel_reference& other) = default;
  channel_reference& operator=(channel_reference&& other) noexcept {
    void* const channel = other.word_.get();
    other.word_.set(nullptr);
    word_.set(channel);
    return *this;
  }
  ~channel_reference() = default;

  sync::Channel* get() const noexcept { return reinterpret_cast<sync::Channel*>(word_.get()); }

 private:
  reference word_;
};

enum class element_kind : std::uint8_t { bytes, object };

// What a channel must know of its elements; one constant per type.
struct element_type {
  std::size_t bytes;  // from one slot of the buffer to the next
  std::size_t align;
  element_kind kind;
  bool refers;  // some word may be a pointer to a collected object
  // Objects only. `put` and `give` move from `value`, which stays alive, and may throw.
  void (*put)(void* slot, void* value);
  void (*give)(void* optional, void* value);
  void (*destroy)(void* slot) noexcept;
};

template <class T>
inline constexpr bool is_plain_element =
    std::is_trivially_copyable_v<T>&& std::is_trivially_destructible_v<T>;

template <class T>
constexpr element_type make_element_type() {
  if constexpr (is_plain_element<T>) {
    return {std::is_empty_v<T> ? 0 : sizeof(T),
            alignof(T),
            element_kind::bytes,
            holds_pointers<T>,
            nullptr,
            nullptr,
            nullptr};
  } else {
    return {sizeof(T),
            alignof(T),
            element_kind::object,
            holds_pointers<T>,
            [](void* slot, void* value) { ::new (slot) T(std::move(*static_cast<T*>(value))); },
            [](void* optional, void* value) {
              static_cast<std::optional<T>*>(optional)->emplace(std::move(*static_cast<T*>(value)));
            },
            [](void* slot) noexcept { static_cast<T*>(slot)->~T(); }};
  }
}
template <class T>
inline constexpr element_type element_type_of = make_element_type<T>();

// The register form of a plain element: an unsigned integer of its size, two of them, nothing; or
// void.
struct no_word {};
struct two_words {
  std::uint64_t low, high;
};
template <class T>
using word_of = std::conditional_t<
    !is_plain_element<T>, void,
    std::conditional_t<
        std::is_empty_v<T>, no_word,
        std::conditional_t<
            sizeof(T) == 1, std::uint8_t,
            std::conditional_t<
                sizeof(T) == 2, std::uint16_t,
                std::conditional_t<
                    sizeof(T) == 4, std::uint32_t,
                    std::conditional_t<sizeof(T) == 8, std::uint64_t,
                                       std::conditional_t<sizeof(T) == 16, two_words, void>>>>>>>;

template <class Word>
struct received_word {
  Word value;
  bool ok;  // false: closed and drained
};
enum class try_outcome : std::uint8_t { done, closed, not_ready };

// --- making and ending (chan.cc)
struct chan_layout {
  std::size_t bytes;
  std::size_t align;
};
// Throws runtime_error("makechan: size out of range").
chan_layout layout_channel(const element_type& type, std::int64_t capacity, bool in_range);
// Makes a channel in memory of that layout.
sync::Channel* init_channel(void* memory, const element_type& type, std::size_t capacity) noexcept;
void end_channel(sync::Channel* channel) noexcept;  // destroys what is buffered

// --- operations (chan.cc). Word: one of word_of's.
template <class Word>
void chan_send(sync::Channel* channel, Word value);
template <class Word>
received_word<Word> chan_recv(sync::Channel* channel) noexcept;
void chan_send_bytes(sync::Channel* channel, const void* value);
bool chan_recv_bytes(sync::Channel* channel, void* value) noexcept;
void chan_send_object(sync::Channel* channel, void* value);
bool chan_recv_object(sync::Channel* channel, void* optional);

// Any kind; never block. chan_try_send throws on a closed channel.
bool chan_try_send(sync::Channel* channel, const void* value);
try_outcome chan_try_recv(sync::Channel* channel, void* into);

void chan_close(sync::Channel* channel);
std::ptrdiff_t chan_len(const sync::Channel* channel) noexcept;
std::ptrdiff_t chan_cap(const sync::Channel* channel) noexcept;

// --- select (select.cc)
struct select_entry {
  sync::Channel* channel = nullptr;
  void* slot = nullptr;  // as in the table above
  bool is_send = false;
  bool ok = false;  // out: false for a receive that found its channel closed
};
inline constexpr std::int64_t kWaitForever = INT64_MAX;
inline constexpr std::int64_t kNoWait = INT64_MIN;
inline constexpr std::size_t kNotChosen = SIZE_MAX;
// Does one of the operations and returns its index; kNotChosen when none was ready within
// `wait_ns`. Throws runtime_error("send on closed channel") and what moving an element throws.
std::size_t select_from(select_entry* entries, std::size_t count, std::int64_t wait_ns);

// Blocking operations that end when `done` is closed; false if they did. `done` null: never.
bool chan_send_until(sync::Channel* channel, void* value, sync::Channel* done);
enum class recv_until : std::uint8_t { value, closed, done };
recv_until chan_recv_until(sync::Channel* channel, void* into, sync::Channel* done);

// --- contexts (context.cc): the channel that is closed when `ctx` is done, null for never.
sync::Channel* done_core(const context& ctx);
[[noreturn]] void throw_context_error(const context& ctx);

}  // namespace gort::detail
