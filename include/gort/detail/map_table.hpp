// The table of a map of certain types: finding, inserting, erasing, growing, iterating.
//
// Entries lie in the slots themselves where that is all that they need: small keys and values whose
// bytes may be copied to a larger table, and that nothing has to be done for when they die. Others
// are collected objects of their own, and slots refer to them: then growth moves no user's object,
// and an entry that was erased or left behind ends like any object that nobody reaches any more.
//
// [MT1] Control bytes and slots that a table has left behind by growing are never written again.
//       Growing always makes new ones, if only to be rid of erased slots: so an iteration that
//       finds the map with other slots than its own goes on over those it has, which still say
//       which keys there were, and looks each up in the new ones. It meets every key at most once.
// [MT2] A slot that is not full holds no reference: new entries are constructed in it without a
//       barrier, and what was in it when it was erased has been shown to the collector.
//
// Runs on whoever uses the map; the record says while one writes. What Hash, Equal, copies and
// constructors throw is passed on and leaves the map as it was.
// Not here: groups, records and hashes (map_core.hpp), the map that users see (map.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>
#include <utility>

#include "gort/detail/map_core.hpp"
#include "gort/detail/slice_core.hpp"
#include "gort/heap.hpp"

namespace gort {

namespace detail {

template <class K, class V>
struct map_entry {
  K key;
  V value;
};

// Larger ones are objects of their own, as in Go: growing copies slots.
inline constexpr std::size_t kMostInSlot = 128;
template <class T>
inline constexpr bool fits_in_slot = sizeof(T) <= kMostInSlot&& copies_as_bytes<T> &&
                                     !needs_destructor<T>;

}  // namespace detail

template <class K, class V>
struct object_traits<detail::map_entry<K, V>> {
  static constexpr bool needs_destructor =
      detail::needs_destructor<K> || detail::needs_destructor<V>;
};
template <class K, class V>
requires(!detail::holds_pointers<K> &&
         !detail::holds_pointers<V>) struct object_traits<detail::map_entry<K, V>> {
  static constexpr bool holds_pointers = false;
  static constexpr bool needs_destructor =
      detail::needs_destructor<K> || detail::needs_destructor<V>;
};

namespace detail {

template <>
inline constexpr bool handle_is_zero_made<map_record> = true;

// Takes the references out of a value that is no longer one, [MT2].
template <class T>
void forget(T& value) {
  if constexpr (!holds_pointers<T>) {
    return;
  } else if constexpr (std::is_trivially_copyable_v<T> && assigns_as_words<T>) {
    move_slots(reinterpret_cast<void**>(std::addressof(value)), nullptr, sizeof(T) / sizeof(void*));
  } else if constexpr (is_word_handle<T>) {
    value = T();
  } else {
    std::destroy_at(std::addressof(value));  // shows what handles in it held
    std::memset(static_cast<void*>(std::addressof(value)), 0, sizeof(T));
  }
}

template <class K, class V, class Hash, class Equal>
struct map_table {
  using entry = map_entry<K, V>;
  static constexpr bool kInSlots = fits_in_slot<K> && fits_in_slot<V>;
  using slot = std::conditional_t<kInSlots, entry, reference>;
  static constexpr std::size_t kMostSlots = (std::size_t{1} << 47) / sizeof(slot);

  [[gnu::always_inline]] static entry* entry_in(slot& s) {
    if constexpr (kInSlots) {
      return &s;
    } else {
      return static_cast<entry*>(s.get());
    }
  }
  static slot* slots_of(const map_record& m) { return static_cast<slot*>(m.slots.get()); }

  template <class Q>
  [[gnu::always_inline]] static bool is_equal(const K& a, const Q& b) {
    return Equal()(a, b);
  }
  template <class Q>
  [[gnu::always_inline]] static std::uint64_t hash(const map_record& m, const Q& key) {
    return hash_of<Hash>(key, m.seed);
  }
  [[gnu::always_inline]] static control tag(std::uint64_t hash) {
    return static_cast<control>(hash & 0x7f);
  }
  [[gnu::always_inline]] static std::size_t home(const map_record& m, std::uint64_t hash) {
    return (hash >> 7) & m.last_group;
  }

  // The slot of a group that a key takes if it is free, or else the next that is. In most groups it
  // is: so a lookup can fetch it while it waits for the control bytes.
  [[gnu::always_inline]] static unsigned favourite(std::uint64_t hash) {
    return static_cast<unsigned>(hash >> 60) & (kGroupWidth - 1);
  }
  [[gnu::always_inline]] static unsigned choose(group_slots free, std::uint64_t hash) {
    return (free.rotated(favourite(hash)).first() + favourite(hash)) & (kGroupWidth - 1);
  }

  // A map without entries has no slots, and prefetching nothing does nothing.
  [[gnu::always_inline]] static void prefetch(const map_record& m, std::size_t index) {
    const auto slots = reinterpret_cast<std::uintptr_t>(m.slots.get());
    __builtin_prefetch(reinterpret_cast<const void*>(slots + index * sizeof(slot)));
  }

  // Null: not there. Here is what nearly all lookups need: the first slot of the first group whose
  // tag agrees, or the knowledge that none does. So few registers are in use, and a processor has
  // several lookups in its hands while it waits for the memory of the first.
  template <class Q>
  [[gnu::always_inline]] static slot* find(const map_record& m, const Q& key) {
    const std::uint64_t hashed = hash(m, key);
    const std::size_t first = home(m, hashed) * kGroupWidth;
    prefetch(m, first + favourite(hashed));
    const control_group bytes(m.control_bytes() + first);
    if (const group_slots same = bytes.match(tag(hashed))) {
      slot* const at = slots_of(m) + first + same.first();
      if (is_equal(entry_in(*at)->key, key)) [[likely]]
        return at;
    } else if (bytes.empty()) [[likely]] {
      return nullptr;
    }
    return search(m, key, hashed);
  }

  // The value of `key`, and whether it is new: then it was constructed from `args`.
  template <class Q, class... Args>
  [[gnu::always_inline]] static std::pair<V*, bool> find_or_make(map_record& m, Q&& key,
                                                                 Args&&... args) {
    const map_writing writing(m);
    std::uint64_t hashed = hash(m, key);
    const std::size_t first = home(m, hashed) * kGroupWidth;
    const control_group bytes(m.control_bytes() + first);
    std::size_t free = kNowhere;
    if (const group_slots same = bytes.match(tag(hashed))) {
      entry* const found = entry_in(slots_of(m)[first + same.first()]);
      if (is_equal(found->key, key)) [[likely]]
        return {std::addressof(found->value), false};
      if (slot* const at = search(m, key, hashed)) {
        return {std::addressof(entry_in(*at)->value), false};
      }
    } else if (bytes.empty()) [[likely]] {
      free = first + choose(bytes.free(), hashed);
    } else if (slot* const at = search(m, key, hashed)) {
      return {std::addressof(entry_in(*at)->value), false};
    }
    if (free == kNowhere) free = free_slot(m, hashed);
    if (free == kNowhere || (m.room == 0 && m.control_bytes()[free] == kEmptySlot)) [[unlikely]] {
      hashed = grow_for(m, key);
      free = free_slot(m, hashed);
    }
    entry* const made =
        make_entry(slots_of(m) + free, std::forward<Q>(key), std::forward<Args>(args)...);
    control& byte = static_cast<control*>(m.controls.get())[free];
    m.room -= byte == kEmptySlot;
    byte = tag(hashed);
    ++m.count;
    return {std::addressof(made->value), true};
  }

  template <class Q>
  static bool erase(map_record& m, const Q& key) {
    const map_writing writing(m);
    slot* const at = find(m, key);
    if (at == nullptr) return false;
    auto* const controls = static_cast<control*>(m.controls.get());
    const auto index = static_cast<std::size_t>(at - slots_of(m));
    // Lookups have gone on behind this group only if it was full once; then it has no empty slot.
    const bool last = m.last_group == 0 ||
                      control_group(controls + (index & ~std::size_t{kGroupWidth - 1})).empty();
    controls[index] = last ? kEmptySlot : kErasedSlot;
    m.room += last;
    --m.count;
    forget_slot(*at);
    return true;
  }

  static void clear(map_record& m) {
    const map_writing writing(m);
    ++m.clears;
    auto* const controls = static_cast<control*>(m.controls.get());
    for (std::size_t i = 0; i < m.slot_count; ++i) {
      if (controls[i] >= 0) forget_slot(slots_of(m)[i]);
      controls[i] = kEmptySlot;
    }
    m.count = 0;
    m.room = m.slot_count == 0 ? 0 : slots_filled(m.slot_count);
    m.seed = map_random();
  }

  // Gives the map a table of `wanted` slots, a power of two, with the entries that it has.
  [[gnu::noinline]] static void resize(map_record& m, std::size_t wanted) {
    control* const controls = make_controls(wanted);
    // What is in a slot that is not full means nothing, [MT2].
    slot* const slots = allocate_array<slot>(wanted, holds_pointers<slot> ? 0 : wanted);
    const std::size_t last_group = groups_of(wanted) - 1;
    for (std::size_t from = 0; from < m.slot_count; from += kGroupWidth) {
      for (group_slots full = control_group(m.control_bytes() + from).full(); full;
           full.drop_first()) {
        slot& old = slots_of(m)[from + full.first()];
        const std::uint64_t hashed = hash(m, entry_in(old)->key);
        const std::size_t to = free_slot(controls, last_group, hashed);
        controls[to] = tag(hashed);
        std::memcpy(static_cast<void*>(slots + to), static_cast<const void*>(&old), sizeof(slot));
      }
    }
    m.controls.set(controls);
    m.slots.set(slots);
    m.last_group = last_group;
    m.slot_count = wanted;
    m.room = slots_filled(wanted) - m.count;
  }

 private:
  static constexpr std::size_t kNowhere = ~std::size_t{0};

  // find, without what it has found out.
  template <class Q>
  [[gnu::noinline]] static slot* search(const map_record& m, const Q& key, std::uint64_t hashed) {
    const control* const controls = m.control_bytes();
    std::size_t group = home(m, hashed);
    for (std::size_t step = 1;; ++step) {
      const control_group bytes(controls + group * kGroupWidth);
      slot* const slots = slots_of(m) + group * kGroupWidth;
      for (group_slots same = bytes.match(tag(hashed)); same; same.drop_first()) {
        slot* const at = slots + same.first();
        if (is_equal(entry_in(*at)->key, key)) return at;
      }
      if (bytes.empty() || step > m.last_group) return nullptr;
      group = (group + step) & m.last_group;
    }
  }

  static std::size_t free_slot(const map_record& m, std::uint64_t hashed) {
    return free_slot(m.control_bytes(), m.last_group, hashed);
  }
  // The first on the way of a lookup, or kNowhere.
  static std::size_t free_slot(const control* controls, std::size_t last_group,
                               std::uint64_t hashed) {
    std::size_t group = (hashed >> 7) & last_group;
    for (std::size_t step = 1; step <= last_group + 1; ++step) {
      const group_slots some = control_group(controls + group * kGroupWidth).free();
      if (some) return group * kGroupWidth + choose(some, hashed);
      group = (group + step) & last_group;
    }
    return kNowhere;
  }
  // Returns the hash, which may be another for what is not equal to itself.
  template <class Q>
  [[gnu::noinline]] static std::uint64_t grow_for(map_record& m, const Q& key) {
    // Much of a table of this size may be erased slots: then the same size will do.
    const bool enough = m.count <= m.slot_count / 32 * 25 && m.slot_count > kGroupWidth;
    resize(m, m.slot_count == 0 ? kLeastSlots : enough ? m.slot_count : m.slot_count * 2);
    return hash(m, key);
  }

  template <class Q, class... Args>
  [[gnu::always_inline]] static entry* make_entry(slot* at, Q&& key, Args&&... args) {
    if constexpr (kInSlots) {
      if (!in_collected_heap(at)) __builtin_unreachable();
      construct_entry(at, std::forward<Q>(key), std::forward<Args>(args)...);
      return at;
    } else {
      entry* const made = static_cast<entry*>(allocate_one<entry>());
      construct_entry(made, std::forward<Q>(key), std::forward<Args>(args)...);
      constructed_one(made);
      std::construct_at(at, made);
      return made;
    }
  }
  template <class Q, class... Args>
  [[gnu::always_inline]] static void construct_entry(entry* at, Q&& key, Args&&... args) {
    if constexpr (std::is_nothrow_constructible_v<V, Args...>) {
      ::new (static_cast<void*>(std::addressof(at->key))) K(std::forward<Q>(key));
      ::new (static_cast<void*>(std::addressof(at->value))) V(std::forward<Args>(args)...);
    } else {
      ::new (static_cast<void*>(std::addressof(at->value))) V(std::forward<Args>(args)...);
      try {
        ::new (static_cast<void*>(std::addressof(at->key))) K(std::forward<Q>(key));
      } catch (...) {
        std::destroy_at(std::addressof(at->value));
        throw;
      }
    }
  }
  static void forget_slot(slot& s) {
    if constexpr (kInSlots) {
      forget(s.key);
      forget(s.value);
    } else {
      s.set(nullptr);
    }
  }
};

// A walk over the entries that begins anywhere and passes each slot once.
template <class Table>
class map_walk {
 public:
  map_walk() = default;
  explicit map_walk(map_record* m) : record_(m) {
    if (m == nullptr || m->count == 0) return;
    controls_ = m->control_bytes();
    slots_ = Table::slots_of(*m);
    last_group_ = m->last_group;
    clears_ = m->clears;
    groups_left_ = last_group_ + 1;
    const std::uint64_t random = map_random();
    group_ = (random >> 8) & last_group_;
    rotation_ = random & (kGroupWidth - 1);
  }

  // The next entry, or null.
  [[gnu::always_inline]] typename Table::entry* next() {
    for (;;) {
      while (!pending_) {
        if (groups_left_ == 0) return nullptr;
        --groups_left_;
        group_ = (group_ + 1) & last_group_;
        pending_ = control_group(controls_ + group_ * kGroupWidth).full().rotated(rotation_);
      }
      if (record_->writing.load(std::memory_order_relaxed) != 0) [[unlikely]]
        fatal_concurrent_iteration();
      const std::size_t index =
          group_ * kGroupWidth + ((pending_.first() + rotation_) & (kGroupWidth - 1));
      pending_.drop_first();
      if (controls_[index] < 0) [[unlikely]]
        continue;  // erased since
      if (Table::slots_of(*record_) == slots_) [[likely]]
        return Table::entry_in(slots_[index]);
      if (auto* const now = still_there(Table::entry_in(slots_[index]))) return now;
    }
  }

 private:
  // [MT1]
  [[gnu::noinline]] typename Table::entry* still_there(typename Table::entry* old) {
    if (auto* const at = Table::find(*record_, old->key)) return Table::entry_in(*at);
    // What is not equal to itself cannot be found, and neither erased nor changed.
    const bool stays = !Table::is_equal(old->key, old->key) && clears_ == record_->clears;
    return stays ? old : nullptr;
  }

  map_record* record_ = nullptr;
  const control* controls_ = nullptr;
  typename Table::slot* slots_ = nullptr;
  std::size_t last_group_ = 0;
  std::size_t group_ = 0;
  std::size_t groups_left_ = 0;
  unsigned rotation_ = 0;
  group_slots pending_ = {0};
  std::uint32_t clears_ = 0;
};

}  // namespace detail
}  // namespace gort
