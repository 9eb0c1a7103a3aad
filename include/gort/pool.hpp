// pool: things that are dear to make, kept for whoever needs one next. Go's sync.Pool.
//
// What is put may be given to the next who asks, or dropped: a pool must not hold the only copy of
// anything. It keeps a bounded number (kMost), and it is emptied by the collector, in use or not: a
// value that nobody takes is dropped at the beginning of the second collection after it was put.
// What is dropped dies like any collected object: destructors run on a goroutine of the runtime.
// What is in a pool when that ends is destroyed there and then, if it has a destructor that does
// something (layout.hpp).
//
// The values lie in shards, each behind a flag that is only ever tried: whoever finds it taken goes
// to the next shard, so no call waits for another. A thread begins at its own.
// They lie in collected memory, so a value may hold plain pointers to collected objects: what is
// put is kept with all that it reaches. Any goroutine or OS thread may call everything, before main
// and after it. Not here: objects that must come back (a chan of them).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "gort/detail/barrier.hpp"
#include "gort/detail/boot_anchor.hpp"
#include "gort/detail/pool_core.hpp"
#include "gort/detail/sync_core.hpp"
#include "gort/detail/type_info.hpp"
#include "gort/error.hpp"
#include "gort/heap.hpp"

namespace gort {

template <class T>
class pool {
  static constexpr std::size_t kShards = detail::pool_core::kShards, kPerShard = 128;

 public:
  static constexpr std::size_t kMost = kShards * kPerShard;

  pool() { core_.enter(); }
  // `make` is called when get finds nothing. Go's Pool.New.
  explicit pool(std::function<T()> make) : make_(std::move(make)) { core_.enter(); }
  pool(const pool&) = delete;
  pool& operator=(const pool&) = delete;
  ~pool() {
    core_.leave();
    if constexpr (detail::needs_destructor<T>) {
      for (shard& s : core_.shards) {
        end_values(s.young);
        end_values(s.old);
      }
    }
  }

  // Something that was put, the latest first as far as one thread is concerned; else a new one:
  // make()'s, or T().
  T get() {
    detail::be_attached();
    const unsigned hint = detail::thread_hint();
    for (std::size_t i = 0; i < kShards; ++i) {
      shard& s = core_.shards[(hint + i) % kShards];
      if (s.count.load(std::memory_order_relaxed) == 0) continue;
      if (std::optional<T> found = take(s)) return std::move(*found);
    }
    if (make_) return make_();
    if constexpr (std::is_default_constructible_v<T>) {
      return T();
    } else {
      throw runtime_error("pool: empty, and no function to make a value");
    }
  }
  // Dropped if there is no room. May allocate.
  void put(T value) {
    detail::be_attached();
    const unsigned hint = detail::thread_hint();
    for (std::size_t i = 0; i < kShards; ++i) {
      if (store(core_.shards[(hint + i) % kShards], value)) return;
    }
  }

 private:
  using shard = detail::pool_shard;
  using generation = detail::pool_generation;
  using chunk = detail::pool_chunk<T>;

  // While it lives the shard is ours, if it was free.
  class holder {
   public:
    explicit holder(shard& s) : shard_(s), held_(s.try_take()) {}
    holder(const holder&) = delete;
    holder& operator=(const holder&) = delete;
    ~holder() {
      if (held_) shard_.give_back();
    }
    explicit operator bool() const { return held_; }

   private:
    shard& shard_;
    const bool held_;
  };

  static chunk* top_of(const generation& g) { return static_cast<chunk*>(g.top.get()); }

  static std::optional<T> take(shard& s) {
    std::optional<T> found;
    const holder mine(s);
    if (!mine) return found;
    generation& from = s.young.count != 0 ? s.young : s.old;
    if (from.count == 0) return found;
    chunk* top = top_of(from);
    if (top->count == 0) {
      top = static_cast<chunk*>(top->next.get());
      from.top.set(top);
    }
    T& last = top->values[top->count - 1];
    found.emplace(std::move(last));
    show(*found);
    --top->count;
    --from.count;
    vacate(last);
    return found;
  }
  static bool store(shard& s, T& value) {
    const holder mine(s);
    if (!mine || s.young.count + s.old.count >= kPerShard) return false;
    chunk* top = top_of(s.young);
    if (top == nullptr || top->count == chunk::kRoom) [[unlikely]]
      top = add_chunk(s.young);
    ::new (static_cast<void*>(std::addressof(top->values[top->count]))) T(std::move(value));
    ++top->count;
    ++s.young.count;
    return true;
  }
  [[gnu::noinline]] static chunk* add_chunk(generation& g) {
    chunk* const made = new_<chunk>();
    made->next.set(g.top.get());
    g.top.set(made);
    return made;
  }
  // What leaves collected memory while the collector marks is shown ([GS5] in docs/COLLECTOR.md).
  // It is on our stack by now, where a flip that comes after the test finds it.
  static void show(T& taken) {
    if constexpr (detail::holds_pointers<T> && alignof(T) >= alignof(void*)) {
      asm volatile("" : : : "memory");
      if (detail::is_marking()) [[unlikely]] {
        detail::show_words(reinterpret_cast<void**>(std::addressof(taken)),
                           sizeof(T) / sizeof(void*));
      }
    }
  }
  static void vacate(T& value) {  // [PL1]
    std::destroy_at(std::addressof(value));
    if constexpr (detail::holds_pointers<T>) {
      std::memset(static_cast<void*>(std::addressof(value)), 0, sizeof(T));
    }
  }
  static void end_values(const generation& g) {
    for (chunk* it = top_of(g); it != nullptr; it = static_cast<chunk*>(it->next.get())) {
      it->end_values();
    }
  }

  std::function<T()> make_;
  detail::pool_core core_;
};

}  // namespace gort
