// map_hash: how a map's keys are hashed unless the map is told otherwise.
//
// With a seed, which every map has of its own: so nobody can prepare keys that collide, and the
// order of iteration differs from map to map. Numbers, enumerations, pointers, strings, pairs,
// tuples and arrays have hashes of their own here; other types use std::hash, and aggregates
// without that are hashed field by field, as Go hashes structs (their == must compare the fields).
// Equal keys have equal hashes. A NaN equals nothing, and has another hash each time.
// Any thread. Not here: mixing (map_core.hpp).
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "gort/detail/aggregate.hpp"
#include "gort/detail/map_core.hpp"
#include "gort/ptr.hpp"
#include "gort/string.hpp"

namespace gort {

// A hash for map: hash(key, seed). What has only hash(key), like std::hash, can be given to a map
// too, which mixes the seed in.
template <class K>
struct map_hash;

namespace detail {

template <class K>
concept has_std_hash = requires(const K& key) {
  { std::hash<K>()(key) } -> std::convertible_to<std::size_t>;
};

template <class Hash, class K>
concept hashes_with_seed = requires(const Hash& hash, const K& key, std::uint64_t seed) {
  { hash(key, seed) } -> std::convertible_to<std::uint64_t>;
};
template <class Hash, class K>
concept is_hashable = hashes_with_seed<Hash, K> || requires(const Hash& hash, const K& key) {
  static_cast<std::uint64_t>(hash(key));
};

template <class Hash, class K>
[[gnu::always_inline]] inline std::uint64_t hash_of(const K& key, std::uint64_t seed) {
  const Hash hash{};
  if constexpr (hashes_with_seed<Hash, K>) {
    return hash(key, seed);
  } else {
    return hash_word(static_cast<std::uint64_t>(hash(key)), seed);
  }
}

template <class... Part>
std::uint64_t hash_parts(std::uint64_t seed, const Part&... part) {
  ((seed = hash_of<map_hash<Part>>(part, seed ^ kHashOdd2)), ...);
  return seed;
}

template <class K>
std::uint64_t hash_float(K key, std::uint64_t seed) {
  if (key != key) return hash_word(map_random(), seed);
  if (key == 0) key = 0;  // +0 and -0 are equal
  if constexpr (sizeof(K) == sizeof(std::uint32_t)) {
    return hash_word(std::bit_cast<std::uint32_t>(key), seed);
  } else if constexpr (sizeof(K) == sizeof(std::uint64_t)) {
    // Those of small whole numbers differ in their high bits alone.
    const auto bits = std::bit_cast<std::uint64_t>(key);
    return hash_pair(bits, std::rotl(bits, 32), seed);
  } else {
    return hash_word(std::hash<K>()(key), seed);
  }
}

}  // namespace detail

template <class K>
struct map_hash {
  std::uint64_t operator()(const K& key, std::uint64_t seed) const {
    if constexpr (std::is_integral_v<K> && sizeof(K) > sizeof(std::uint64_t)) {
      return detail::hash_bytes(reinterpret_cast<const char*>(&key), sizeof key, seed);
    } else if constexpr (std::is_integral_v<K> || std::is_enum_v<K>) {
      return detail::hash_word(static_cast<std::uint64_t>(key), seed);
    } else if constexpr (std::is_floating_point_v<K>) {
      return detail::hash_float(key, seed);
    } else if constexpr (std::is_pointer_v<K>) {
      return detail::hash_word(reinterpret_cast<std::uintptr_t>(key), seed);
    } else if constexpr (detail::has_std_hash<K>) {
      return detail::hash_word(std::hash<K>()(key), seed);
    } else {
      static_assert(detail::has_known_fields<K>,
                    "map: the key has no std::hash, and its fields are not known: give the map a "
                    "hash as its third argument");
      static_assert(detail::fields_of<K>::kAddressable,
                    "map: the key has bit fields, which cannot be hashed one by one: give it a "
                    "std::hash, or the map a hash as its third argument");
      std::uint64_t hash = seed;
      detail::decompose(key,
                        [&](const auto&... field) { hash = detail::hash_parts(seed, field...); });
      return hash;
    }
  }
};

template <class T>
struct map_hash<ptr<T>> {
  std::uint64_t operator()(const ptr<T>& key, std::uint64_t seed) const {
    return detail::hash_word(reinterpret_cast<std::uintptr_t>(key.get()), seed);
  }
};
template <>
struct map_hash<string> {
  using is_transparent = void;
  std::uint64_t operator()(std::string_view key, std::uint64_t seed) const {
    return detail::hash_bytes(key.data(), key.size(), seed);
  }
};
template <>
struct map_hash<std::string> : map_hash<string> {};
template <>
struct map_hash<std::string_view> : map_hash<string> {};
template <class A, class B>
struct map_hash<std::pair<A, B>> {
  std::uint64_t operator()(const std::pair<A, B>& key, std::uint64_t seed) const {
    return detail::hash_parts(seed, key.first, key.second);
  }
};
template <class... T>
struct map_hash<std::tuple<T...>> {
  std::uint64_t operator()(const std::tuple<T...>& key, std::uint64_t seed) const {
    return std::apply([&](const T&... part) { return detail::hash_parts(seed, part...); }, key);
  }
};
template <class T, std::size_t N>
struct map_hash<std::array<T, N>> {
  std::uint64_t operator()(const std::array<T, N>& key, std::uint64_t seed) const {
    for (const T& part : key) seed = detail::hash_parts(seed, part);
    return seed;
  }
};

}  // namespace gort
