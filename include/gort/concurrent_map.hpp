// concurrent_map: a hash map that many goroutines use at once. Go's sync.Map.
//
// The keys are spread over shards, each an std::unordered_map behind a mutex of its own, so goroutines that use different
// keys seldom meet. Every operation is atomic for its key; range sees each key at most once and may see a change
// that is made meanwhile or not. Functions given to it run outside the locks.
// Not here: a map that one goroutine uses; std::unordered_map is faster.
#pragma once

#include <array>
#include <functional>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "gort/mutex.hpp"

namespace gort {

template <class K, class V, class Hash = std::hash<K>, class Equal = std::equal_to<K>>
class concurrent_map {
 public:
  concurrent_map() = default;
  concurrent_map(const concurrent_map&) = delete;
  concurrent_map& operator=(const concurrent_map&) = delete;

  std::optional<V> load(const K& key) const {
    shard& s = shard_of(key);
    std::lock_guard guard(s.mutex);
    const auto at = s.map.find(key);
    return at == s.map.end() ? std::nullopt : std::optional<V>(at->second);
  }
  void store(const K& key, V value) { static_cast<void>(swap(key, std::move(value))); }
  // The value that is there now, and whether it was there before.
  std::pair<V, bool> load_or_store(const K& key, V value) {
    shard& s = shard_of(key);
    std::lock_guard guard(s.mutex);
    const auto [at, inserted] = s.map.try_emplace(key, std::move(value));
    return {at->second, !inserted};
  }
  std::optional<V> load_and_delete(const K& key) {
    shard& s = shard_of(key);
    std::lock_guard guard(s.mutex);
    auto node = s.map.extract(key);
    return node.empty() ? std::nullopt : std::optional<V>(std::move(node.mapped()));
  }
  void erase(const K& key) { static_cast<void>(load_and_delete(key)); }
  // The value that was there before.
  std::optional<V> swap(const K& key, V value) {
    shard& s = shard_of(key);
    std::lock_guard guard(s.mutex);
    const auto [at, inserted] = s.map.try_emplace(key, std::move(value));
    if (inserted) return std::nullopt;
    return std::exchange(at->second, std::move(value));  // try_emplace has not moved from it
  }
  // True if the value was `expected` (by ==) and now is `desired`.
  bool compare_and_swap(const K& key, const V& expected, V desired) {
    shard& s = shard_of(key);
    std::lock_guard guard(s.mutex);
    const auto at = s.map.find(key);
    if (at == s.map.end() || !(at->second == expected)) return false;
    at->second = std::move(desired);
    return true;
  }
  bool compare_and_delete(const K& key, const V& expected) {
    shard& s = shard_of(key);
    std::lock_guard guard(s.mutex);
    const auto at = s.map.find(key);
    if (at == s.map.end() || !(at->second == expected)) return false;
    s.map.erase(at);
    return true;
  }
  // Calls visit(key, value) for each until it returns false. It may change the map.
  template <class Visit>
  void range(Visit visit) const {
    for (shard& s : shards_) {
      std::vector<std::pair<K, V>> here;
      {
        std::lock_guard guard(s.mutex);
        here.assign(s.map.begin(), s.map.end());
      }
      for (const auto& [key, value] : here) {
        if (!visit(key, value)) return;
      }
    }
  }
  void clear() {
    for (shard& s : shards_) {
      std::unordered_map<K, V, Hash, Equal> old;  // destroyed outside the lock
      s.mutex.lock();
      old.swap(s.map);
      s.mutex.unlock();
    }
  }

 private:
  static constexpr std::size_t kShards = 32;

  struct alignas(64) shard {
    gort::mutex mutex;
    std::unordered_map<K, V, Hash, Equal> map;
  };

  shard& shard_of(const K& key) const {
    // std::hash of an integer is the integer: mixed, or neighbours would share a shard.
    return shards_[static_cast<std::size_t>(Hash()(key)) * 0x9e3779b97f4a7c15u >> 59];
  }
  mutable std::array<shard, kShards> shards_;
};

}  // namespace gort
