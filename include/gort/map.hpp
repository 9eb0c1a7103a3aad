// map: a hash table in collected memory. Go's map.
//
//     auto ages = make<map<string, int>>();      ages["ann"] = 31;
//     if (int* age = ages.find("ann")) ...      for (auto& [name, age] : ages) ...
//
// A map is a reference: copies share the entries, and all members are const, as for a pointer. A
// nil map, the default, reads as empty; writing to it throws. Reading what is not there with find,
// get or contains adds nothing; m[key] adds V{}, as in std::map.
//
// Iteration begins anywhere, and is in another order each time. Meanwhile the loop may write: what
// it erases and has not met it will not meet, what it adds it may meet or not, and each entry is
// met once at most, however the map grows. The key that it gives is its own, and stays though the
// entry is erased. An iterator lives on a stack.
//
// Pointers and references to values stay valid memory for as long as they are held, but one from
// before the map grew, or from an entry that was erased, is not the map's value any more. Keys are
// hashed by map_hash (detail/map_hash.hpp) and compared by ==, or as the third and fourth argument
// say, empty classes; if both are transparent, as for string, everything that can be hashed and
// compared can be looked up. NaN is found never, but inserted each time, as in Go. Values with a
// destructor are destroyed some time after they were erased or the map became unreachable.
//
// One goroutine writes, or many read; where that is seen to be violated the process ends with
// `fatal error: concurrent map writes`, `concurrent map read and map write` or `concurrent map
// iteration and map write`, as in Go. What Hash, Equal and constructors throw is passed on; they
// must not use the map.
//
// Not here: a map for many writers (concurrent_map.hpp), the table (detail/map_table.hpp).
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "gort/detail/map_hash.hpp"
#include "gort/detail/map_table.hpp"
#include "gort/make.hpp"

namespace gort {

// What a loop over a map gives: auto [key, value], auto& or auto&&.
template <class K, class V>
struct map_item {
  const K& key;
  V& value;
};

template <class K, class V, class Hash = map_hash<K>, class Equal = std::equal_to<>>
class map {
  using table = detail::map_table<K, V, Hash, Equal>;
  static_assert(std::is_empty_v<Hash> && std::is_empty_v<Equal>,
                "map: Hash and Equal are made anew for each use");
  static_assert(std::is_object_v<K> && std::is_object_v<V>);

  static constexpr bool kTransparent = requires { typename Hash::is_transparent; }
  &&requires { typename Equal::is_transparent; };
  template <class Q>
  static constexpr bool is_key = std::same_as<std::remove_cvref_t<Q>, K> ||
                                 (kTransparent && detail::is_hashable<Hash, Q> &&
                                  requires(const K& key, const Q& other) {
                                    static_cast<bool>(Equal()(key, other));
                                  });

 public:
  using key_type = K;
  using mapped_type = V;
  class iterator;

  map() noexcept = default;
  map(std::nullptr_t) noexcept {}
  map(std::initializer_list<std::pair<K, V>> entries) : map(with_room(entries.size())) {
    for (const auto& [key, value] : entries) insert_or_assign(key, value);
  }
  // Moving copies. What is declared here never throws; see detail::reference.
  map(const map& other) noexcept = default;
  map& operator=(const map& other) = default;
  map& operator=(map&& other) noexcept = default;
  ~map() = default;

  // --- reading
  // The value of `key`, or null.
  V* find(const K& key) const { return find_value(key); }
  template <class Q>
  requires is_key<Q> V* find(const Q& key) const { return find_value(key); }
  bool contains(const K& key) const { return find_value(key) != nullptr; }
  template <class Q>
  requires is_key<Q>
  bool contains(const Q& key) const { return find_value(key) != nullptr; }
  // A copy of the value, or V{}: Go's m[key] where it is read.
  V get(const K& key) const { return copy_of(find_value(key)); }
  template <class Q>
  requires is_key<Q> V get(const Q& key)
  const { return copy_of(find_value(key)); }
  std::ptrdiff_t len() const noexcept {
    return record() != nullptr ? static_cast<std::ptrdiff_t>(record()->count) : 0;
  }
  std::size_t size() const noexcept { return static_cast<std::size_t>(len()); }
  bool empty() const noexcept { return len() == 0; }

  // --- writing; throws runtime_error ("assignment to entry in nil map")
  // The value of `key`; V{} if it is new.
  V& operator[](const K& key) const { return *emplace_value(key).first; }
  template <class Q>
  requires is_key<Q> V& operator[](Q&& key) const {
    return *emplace_value(std::forward<Q>(key)).first;
  }
  // The value of `key`, and whether it is new: then it was made from `args`, which are else left
  // alone.
  template <class... Args>
  std::pair<V*, bool> try_emplace(const K& key, Args&&... args) const {
    return emplace_value(key, std::forward<Args>(args)...);
  }
  template <class Q, class... Args>
  requires is_key<Q> std::pair<V*, bool> try_emplace(Q&& key, Args&&... args)
  const { return emplace_value(std::forward<Q>(key), std::forward<Args>(args)...); }
  // True if the key is new.
  template <class U = V>
  bool insert_or_assign(const K& key, U&& value) const {
    return assign_value(key, std::forward<U>(value));
  }
  template <class Q, class U = V>
  requires is_key<Q>
  bool insert_or_assign(Q&& key, U&& value) const {
    return assign_value(std::forward<Q>(key), std::forward<U>(value));
  }

  // --- removing; a nil map has nothing to remove
  // True if it was there. Go's delete.
  bool erase(const K& key) const { return erase_key(key); }
  template <class Q>
  requires is_key<Q>
  bool erase(const Q& key) const { return erase_key(key); }
  void clear() const {
    if (record() != nullptr) table::clear(*record());
  }

  iterator begin() const { return iterator(record()); }
  std::default_sentinel_t end() const noexcept { return {}; }

  // Nil or not is all that can be asked, as in Go.
  friend bool operator==(const map& m, std::nullptr_t) noexcept { return m.record() == nullptr; }

 private:
  friend struct detail::maker<map>;

  explicit map(detail::map_record* record) noexcept : record_(record) {}
  constexpr explicit map(detail::literal_tag tag) noexcept : record_(tag) {}
  static map with_room(std::size_t count) {
    auto* const record = new_<detail::map_record>();
    record->controls.set(const_cast<detail::control*>(detail::no_controls));
    record->seed = detail::map_random();
    if (count != 0 && count < table::kMostSlots / 2) {
      table::resize(*record, detail::slots_for(count));
    }
    return map(record);
  }

  detail::map_record* record() const noexcept {
    return static_cast<detail::map_record*>(record_.get());
  }
  detail::map_record& writable() const {
    if (record() == nullptr) [[unlikely]]
      detail::throw_nil_map();
    return *record();
  }
  template <class Q>
  [[gnu::always_inline]] V* find_value(const Q& key) const {
    detail::map_record* const m = record();
    if (m == nullptr) return nullptr;
    if (m->writing.load(std::memory_order_relaxed) != 0) [[unlikely]]
      detail::fatal_concurrent_read();
    auto* const at = table::find(*m, key);
    return at != nullptr ? std::addressof(table::entry_in(*at)->value) : nullptr;
  }
  static V copy_of(const V* value) { return value != nullptr ? *value : V(); }
  template <class Q, class... Args>
  [[gnu::always_inline]] std::pair<V*, bool> emplace_value(Q&& key, Args&&... args) const {
    return table::find_or_make(writable(), std::forward<Q>(key), std::forward<Args>(args)...);
  }
  template <class Q, class U>
  bool assign_value(Q&& key, U&& value) const {
    const auto [at, made] = emplace_value(std::forward<Q>(key), std::forward<U>(value));
    if (!made) *at = std::forward<U>(value);
    return made;
  }
  template <class Q>
  bool erase_key(const Q& key) const {
    return record() != nullptr && table::erase(*record(), key);
  }

  detail::reference record_;

  GORT_NO_DESTRUCTOR(map);
  GORT_LAYOUT(map, record_);
};

// Single-pass. Valid until it is destroyed, whatever happens to the map.
template <class K, class V, class Hash, class Equal>
class map<K, V, Hash, Equal>::iterator {
 public:
  using value_type = map_item<K, V>;
  using reference = map_item<K, V>&;
  using difference_type = std::ptrdiff_t;
  using iterator_concept = std::input_iterator_tag;

  iterator() noexcept {}
  map_item<K, V>& operator*() const noexcept {
    return *::new (static_cast<void*>(item_)) map_item<K, V>{key(), *value_};
  }
  map_item<K, V>* operator->() const noexcept { return &**this; }
  iterator& operator++() {
    advance();
    return *this;
  }
  void operator++(int) { advance(); }
  friend bool operator==(const iterator& at, std::default_sentinel_t) noexcept {
    return at.value_ == nullptr;
  }

 private:
  friend class map;
  static constexpr bool kOwnKey = table::kInSlots;

  explicit iterator(detail::map_record* record) : walk_(record) { advance(); }
  // What erasing would take away is copied, onto a stack, where bytes will do.
  void advance() {
    auto* const entry = walk_.next();
    value_ = entry != nullptr ? std::addressof(entry->value) : nullptr;
    if (entry == nullptr) return;
    if constexpr (kOwnKey) {
      std::memcpy(key_.bytes, static_cast<const void*>(std::addressof(entry->key)), sizeof(K));
    } else {
      key_ = std::addressof(entry->key);
    }
  }
  const K& key() const noexcept {
    if constexpr (kOwnKey) {
      return *std::launder(reinterpret_cast<const K*>(key_.bytes));
    } else {
      return *key_;
    }
  }
  struct alignas(K) key_bytes {
    std::byte bytes[sizeof(K)];
  };

  detail::map_walk<table> walk_;
  V* value_ = nullptr;
  std::conditional_t<kOwnKey, key_bytes, const K*> key_;
  alignas(map_item<K, V>) mutable std::byte item_[sizeof(map_item<K, V>)];
};

namespace detail {

template <class K, class V, class Hash, class Equal>
inline constexpr bool handle_is_zero_made<map<K, V, Hash, Equal>> = true;

// make<map<K, V>>() and make<map<K, V>>(hint), with room for about as many entries.
template <class K, class V, class Hash, class Equal>
struct maker<map<K, V, Hash, Equal>> {
  static map<K, V, Hash, Equal> make(std::size_t hint = 0) {
    return map<K, V, Hash, Equal>::with_room(hint);
  }
};

}  // namespace detail

template <class K, class V, class Hash, class Equal>
std::ptrdiff_t len(const map<K, V, Hash, Equal>& m) noexcept {
  return m.len();
}
// Erases everything. Go's clear.
template <class K, class V, class Hash, class Equal>
void clear(const map<K, V, Hash, Equal>& m) {
  m.clear();
}

}  // namespace gort
