// pool: things that are dear to make, kept for whoever needs one next. Go's sync.Pool.
//
// What is put may be given to the next who asks, or dropped: a pool must not hold the only copy of
// anything. It keeps a bounded number (kMost). A value that nobody takes while the pool is in use
// is dropped after two to four periods of two seconds, where Go's is after one to two collections;
// a pool that is not in use at all keeps what it has.
//
// The values lie in shards, each behind a flag that is only ever tried: whoever finds it taken goes
// to the next shard, so no call waits for another. A thread begins at its own.
// They are malloc'd memory: values refer to collected objects by ptr<T>, not by plain pointers. Any
// OS thread may call everything. Not here: objects that must come back (a chan of them).
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "gort/detail/boot_anchor.hpp"
#include "gort/detail/sync_core.hpp"
#include "gort/error.hpp"

namespace gort {

template <class T>
class pool {
  static constexpr std::size_t kShards = 8, kPerShard = 128;

 public:
  static constexpr std::size_t kMost = kShards * kPerShard;

  pool() = default;
  // `make` is called when get finds nothing. Go's Pool.New.
  explicit pool(std::function<T()> make) : make_(std::move(make)) {}
  pool(const pool&) = delete;
  pool& operator=(const pool&) = delete;

  // Something that was put, the latest first as far as one thread is concerned; else a new one:
  // make()'s, or T().
  T get() {
    const unsigned hint = detail::thread_hint();
    for (std::size_t i = 0; i < kShards; ++i) {
      shard& s = shards_[(hint + i) % kShards];
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
  // Dropped if there is no room.
  void put(T value) {
    const unsigned hint = detail::thread_hint();
    for (std::size_t i = 0; i < kShards; ++i) {
      if (store(shards_[(hint + i) % kShards], value)) return;
    }
  }

 private:
  struct alignas(64) shard {
    std::atomic<bool> busy{false};
    std::atomic<std::size_t> count{0};  // of young and old; written while busy
    unsigned uses = 0;
    std::chrono::steady_clock::time_point aged{};
    std::vector<T> young, old;
  };

  // While it lives the shard is ours, if it was free.
  class holder {
   public:
    explicit holder(shard& s)
        : shard_(s), held_(!s.busy.exchange(true, std::memory_order_acquire)) {}
    ~holder() {
      if (!held_) return;
      shard_.count.store(shard_.young.size() + shard_.old.size(), std::memory_order_relaxed);
      shard_.busy.store(false, std::memory_order_release);
    }
    explicit operator bool() const { return held_; }

   private:
    shard& shard_;
    const bool held_;
  };

  static std::optional<T> take(shard& s) {
    std::vector<T> dropped;  // destroyed when the shard is free again
    std::optional<T> found;
    if (const holder mine(s); mine) {
      age(s, dropped);
      std::vector<T>& from = s.young.empty() ? s.old : s.young;
      if (!from.empty()) {
        found.emplace(std::move(from.back()));
        from.pop_back();
      }
    }
    return found;
  }
  static bool store(shard& s, T& value) {
    std::vector<T> dropped;
    const holder mine(s);
    if (!mine) return false;
    age(s, dropped);
    if (s.young.size() + s.old.size() >= kPerShard) return false;
    s.young.push_back(std::move(value));
    return true;
  }
  // Looks at the clock now and then only: that costs more than all the rest.
  static void age(shard& s, std::vector<T>& dropped) {
    if (s.uses++ % 64 != 0) return;
    const auto now = std::chrono::steady_clock::now();
    if (now - s.aged < std::chrono::seconds(2)) return;
    s.aged = now;
    dropped = std::exchange(s.old, std::exchange(s.young, {}));
  }

  std::function<T()> make_;
  std::array<shard, kShards> shards_;
};

}  // namespace gort
