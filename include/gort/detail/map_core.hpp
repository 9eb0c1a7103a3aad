// The parts of map that do not depend on its types: control bytes, the table's record, hashing, the
// guard against concurrent use.
//
// The table is a Swiss table. Slots come in groups; beside each slot is a control byte: free, or
// seven bits of the hash of the key that is there. A lookup compares a whole group of control bytes
// at once, and looks only at slots whose byte agrees. Groups are visited from the one that the rest
// of the hash names, at triangular distances; a group with a slot that was never used ends it.
//
// Records and control bytes are collected objects. A table that has grown leaves its old control
// bytes and slots behind as they were: what still refers to them, an iteration or a V* from find,
// finds valid memory, and the collector does the rest.
//
// Concurrent use is noticed as in Go, by chance: whoever writes says so in the record meanwhile,
// and who meets that ends the process. Compiled in for every operation: a load that the lookup
// needs anyway.
// Not here: the operations (map_table.hpp), map itself (map.hpp).
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "gort/detail/barrier.hpp"
#include "gort/detail/string_core.hpp"
#include "gort/detail/type_info.hpp"

namespace gort::detail {

// --- control bytes. A value from 0 on: the slot is full, and these are seven bits of the hash.
using control = signed char;
inline constexpr control kEmptySlot = -128;  // never used since the table was made
inline constexpr control kErasedSlot = -2;   // free, but lookups go on behind it
inline constexpr control kAbsentSlot = -1;   // of a group that has fewer slots: never free

// Slots of a group as bits, each kBits apart.
template <class Word, unsigned kBits>
struct slot_set {
  Word bits;
  explicit operator bool() const { return bits != 0; }
  unsigned first() const { return static_cast<unsigned>(std::countr_zero(bits)) / kBits; }
  void drop_first() { bits = static_cast<Word>(bits & (bits - 1)); }
  // The set that has slot i where this one has slot (i + by) modulo the group's width.
  slot_set rotated(unsigned by) const { return {std::rotr(bits, static_cast<int>(by * kBits))}; }
};

#if defined(__SSE2__)
inline constexpr unsigned kGroupWidth = 16;
using group_slots = slot_set<std::uint16_t, 1>;

class control_group {
 public:
  explicit control_group(const control* bytes)
      : bytes_(_mm_load_si128(reinterpret_cast<const __m128i*>(bytes))) {}
  group_slots match(control tag) const { return set(_mm_cmpeq_epi8(_mm_set1_epi8(tag), bytes_)); }
  group_slots empty() const { return match(kEmptySlot); }
  group_slots free() const { return set(_mm_cmpgt_epi8(_mm_set1_epi8(kAbsentSlot), bytes_)); }
  group_slots full() const { return {static_cast<std::uint16_t>(~set(bytes_).bits)}; }

 private:
  static group_slots set(__m128i sign) {
    return {static_cast<std::uint16_t>(_mm_movemask_epi8(sign))};
  }
  __m128i bytes_;
};
#else
inline constexpr unsigned kGroupWidth = 8;
using group_slots = slot_set<std::uint64_t, 8>;
static_assert(std::endian::native == std::endian::little);

// The same by arithmetic on a word. match() may also name a full slot right above one that matches.
class control_group {
 public:
  explicit control_group(const control* bytes) { std::memcpy(&bytes_, bytes, sizeof bytes_); }
  group_slots match(control tag) const {
    const std::uint64_t differ = bytes_ ^ kOnes * static_cast<unsigned char>(tag);
    return {(differ - kOnes) & ~differ & kTops};
  }
  // By bit 1 and bit 0, in which the three values that are not full differ.
  group_slots empty() const { return {bytes_ & ~(bytes_ << 6) & kTops}; }
  group_slots free() const { return {bytes_ & ~(bytes_ << 7) & kTops}; }
  group_slots full() const { return {~bytes_ & kTops}; }

 private:
  static constexpr std::uint64_t kOnes = 0x0101010101010101, kTops = 0x8080808080808080;
  std::uint64_t bytes_;
};
#endif

// --- sizes
// The least table has a group of as many slots. A table of one group may be full; others are to
// seven eighths.
inline constexpr std::size_t kLeastSlots = 8;
constexpr std::size_t slots_filled(std::size_t slots) {
  return slots <= kGroupWidth ? slots : slots / 8 * 7;
}
// The size of the least table for `count` entries.
constexpr std::size_t slots_for(std::size_t count) {
  if (count <= kLeastSlots) return kLeastSlots;
  const std::size_t slots = std::bit_ceil(count);
  return slots_filled(slots) >= count ? slots : slots * 2;
}
constexpr std::size_t groups_of(std::size_t slots) {
  return slots <= kGroupWidth ? 1 : slots / kGroupWidth;
}

// --- the record: what a map refers to, a cache line
struct alignas(16) map_record {
  reference controls;  // no_controls until there is a first entry
  reference slots;
  std::size_t last_group = 0;  // number of groups less one
  std::size_t slot_count = 0;
  std::size_t count = 0;  // of entries
  std::size_t room = 0;   // how many slots that were never used may be filled
  std::uint64_t seed = 0;
  std::uint32_t clears = 0;  // how often the map was cleared
  std::atomic<std::uint8_t> writing{0};

  const control* control_bytes() const { return static_cast<const control*>(controls.get()); }

  GORT_NO_DESTRUCTOR(map_record);
};

// A group of empty slots without slots.
extern const control no_controls[];
// Memory for `slots` control bytes, all empty.
control* make_controls(std::size_t slots);
// A number that nobody guesses, for seeds and places to begin.
std::uint64_t map_random() noexcept;

[[noreturn, gnu::cold]] void throw_nil_map();
[[noreturn, gnu::cold]] void fatal_concurrent_writes();
[[noreturn, gnu::cold]] void fatal_concurrent_read();
[[noreturn, gnu::cold]] void fatal_concurrent_iteration();

// For as long as it exists, the map is being written.
class map_writing {
 public:
  [[gnu::always_inline]] explicit map_writing(map_record& record) : record_(record) {
    if (record.writing.load(std::memory_order_relaxed) != 0) [[unlikely]]
      fatal_concurrent_writes();
    record.writing.store(1, std::memory_order_relaxed);
  }
  [[gnu::always_inline]] ~map_writing() {
    if (record_.writing.load(std::memory_order_relaxed) == 0) [[unlikely]]
      fatal_concurrent_writes();
    record_.writing.store(0, std::memory_order_relaxed);
  }
  map_writing(const map_writing&) = delete;
  map_writing& operator=(const map_writing&) = delete;

 private:
  map_record& record_;
};

// --- hashing. The low seven bits are the tag, those above say where to look first.
[[gnu::always_inline]] inline std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  __extension__ using twice = unsigned __int128;
  const twice product = static_cast<twice>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}
inline constexpr std::uint64_t kHashOdd1 = 0x9e3779b97f4a7c15;
inline constexpr std::uint64_t kHashOdd2 = 0xd1b54a32d192ed03;

[[gnu::always_inline]] inline std::uint64_t hash_word(std::uint64_t word, std::uint64_t seed) {
  return mix(word ^ seed, kHashOdd1);
}

// Texts are read as words that overlap where their length is no multiple: so lengths that are close
// take the same branches, and a processor that guesses them looks ahead over several lookups. Both
// factors of a product hold the seed, each otherwise: nobody who does not know it can make one of
// them zero, or have them change places.
[[gnu::always_inline]] inline std::uint64_t hash_pair(std::uint64_t a, std::uint64_t b,
                                                      std::uint64_t seed) {
  return mix(a ^ kHashOdd2 ^ std::rotl(seed, 32), b ^ seed);
}
[[gnu::always_inline]] inline std::uint64_t hash_short(const char* at, std::size_t bytes,
                                                       std::uint64_t seed) {
  std::uint64_t a = 0, b = 0;
  if (bytes >= 8) {
    a = read_as<std::uint64_t>(at), b = read_as<std::uint64_t>(at + bytes - 8);
  } else if (bytes >= 4) {
    a = read_as<std::uint32_t>(at), b = read_as<std::uint32_t>(at + bytes - 4);
  } else if (bytes > 0) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(at[i]); };
    a = byte(0) | std::uint64_t{byte(bytes / 2)} << 8 | std::uint64_t{byte(bytes - 1)} << 16;
  }
  return hash_pair(a, b, seed);
}
[[gnu::always_inline]] inline std::uint64_t hash_bytes(const char* at, std::size_t bytes,
                                                       std::uint64_t seed) {
  seed += bytes * kHashOdd1;
  if (bytes <= 16) return hash_short(at, bytes, seed);
  const char* const last = at + bytes - 16;
  std::uint64_t hash = hash_pair(read_as<std::uint64_t>(at), read_as<std::uint64_t>(at + 8), seed);
  while ((at += 16) < last) {
    hash = hash_pair(read_as<std::uint64_t>(at) ^ hash, read_as<std::uint64_t>(at + 8), seed);
  }
  return hash_pair(read_as<std::uint64_t>(last) ^ hash, read_as<std::uint64_t>(last + 8), seed);
}

}  // namespace gort::detail
