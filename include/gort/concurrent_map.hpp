// concurrent_map: a hash map that many goroutines use at once. Go's sync.Map.
//
// The keys are spread over shards, each an std::unordered_map behind a rw_mutex of its own, so
// goroutines that use different keys seldom meet, and readers of one key only pass each other.
// Values go in and out by copy. Every operation is atomic for its key; range sees a key that is
// there all the time exactly once, and others at most once. Hash, Equal, copies and == run under a
// shard's lock and must not use the map; functions given to range, and destructors of values, run
// outside the locks.
//
// The shards are in malloc'd memory: keys and values refer to collected objects by ptr<T> and the
// other handles, not by plain pointers.
// Any OS thread may call everything. Not here: a map that one goroutine uses; std::unordered_map is
// faster.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "gort/mutex.hpp"

namespace gort {

template <class K, class V, class Hash = std::hash<K>, class Equal = std::equal_to<K>>
class concurrent_map {
 public:
  using key_type = K;
  using mapped_type = V;

  concurrent_map() = default;
  concurrent_map(const concurrent_map&) = delete;
  concurrent_map& operator=(const concurrent_map&) = delete;

  // Nothing: not there.
  std::optional<V> load(const K& key) const {
    shard& s = shard_of(key);
    std::shared_lock lock(s.mutex);
    const auto at = s.map.find(key);
    return at == s.map.end() ? std::nullopt : std::optional<V>(at->second);
  }
  void store(const K& key, V value) { static_cast<void>(swap(key, std::move(value))); }
  // The value that is there now, and whether it was there before.
  std::pair<V, bool> load_or_store(const K& key, V value) {
    shard& s = shard_of(key);
    {
      std::shared_lock lock(s.mutex);
      if (const auto at = s.map.find(key); at != s.map.end()) return {at->second, true};
    }
    std::lock_guard lock(s.mutex);
    const auto [at, inserted] = s.map.try_emplace(key, std::move(value));
    return {at->second, !inserted};
  }
  // The value that was there.
  std::optional<V> load_and_delete(const K& key) {
    auto node = extract_if(key, [](const V&) { return true; });
    return node.empty() ? std::nullopt : std::optional<V>(std::move(node.mapped()));
  }
  // Go's Delete.
  void erase(const K& key) {
    extract_if(key, [](const V&) { return true; });
  }
  // Stores, and returns the value that was there before.
  std::optional<V> swap(const K& key, V value) {
    shard& s = shard_of(key);
    std::lock_guard lock(s.mutex);
    const auto [at, inserted] = s.map.try_emplace(key, std::move(value));
    if (inserted) return std::nullopt;
    return std::exchange(at->second, std::move(value));  // try_emplace has not moved from it
  }
  // True if the value was `expected` (by ==) and now is `desired`.
  bool compare_and_swap(const K& key, const V& expected, V desired) {
    shard& s = shard_of(key);
    std::lock_guard lock(s.mutex);
    const auto at = s.map.find(key);
    if (at == s.map.end() || !(at->second == expected)) return false;
    using std::swap;
    swap(at->second, desired);
    return true;
  }
  // True if the value was `expected` (by ==) and is gone.
  bool compare_and_delete(const K& key, const V& expected) {
    return !extract_if(key, [&](const V& value) { return value == expected; }).empty();
  }
  // Calls visit(key, value) for each until it returns false, or for all if it returns nothing. It
  // may use the map. What it sees of a shard is copied before: the values of one moment.
  template <class Visit>
  void range(Visit visit) const {
    for (shard& s : shards_) {
      std::vector<std::pair<K, V>> here;
      {
        std::shared_lock lock(s.mutex);
        here.assign(s.map.begin(), s.map.end());
      }
      for (const auto& [key, value] : here) {
        if constexpr (std::is_void_v<decltype(visit(key, value))>) {
          visit(key, value);
        } else {
          if (!visit(key, value)) return;
        }
      }
    }
  }
  // Shard by shard: what others store meanwhile may stay.
  void clear() {
    for (shard& s : shards_) {
      table old;
      std::lock_guard lock(s.mutex);
      old.swap(s.map);
    }
  }

 private:
  static constexpr unsigned kShardBits = 5;
  using table = std::unordered_map<K, V, Hash, Equal>;

  struct alignas(64) shard {
    rw_mutex mutex;
    table map;
  };

  template <class Condition>
  typename table::node_type extract_if(const K& key, Condition condition) {
    shard& s = shard_of(key);
    std::lock_guard lock(s.mutex);
    const auto at = s.map.find(key);
    if (at == s.map.end() || !condition(std::as_const(at->second))) return {};
    return s.map.extract(at);
  }
  shard& shard_of(const K& key) const {
    // std::hash of an integer is the integer: mixed, or neighbours would share a shard.
    const auto hash = static_cast<std::uint64_t>(Hash()(key));
    return shards_[static_cast<std::size_t>(hash * 0x9e3779b97f4a7c15u >> (64 - kShardBits))];
  }

  mutable std::array<shard, std::size_t{1} << kShardBits> shards_;
};

}  // namespace gort
