// Size classes as spans see them: how many pages and slots, and how to find a slot by its address.
//
// The classes themselves are arithmetic in gort/detail/heap_core.hpp, so that a type's class is a
// compile-time constant; their names are also names here.
//
// A span has about 32 KiB: few refills for small slots (128 of 256 bytes), few pages held by one
// live object. Classes that would waste more than an eighth of that get the next page count that
// does not.
//
// [Z1] An offset into a span times its class's magic, shifted down by 32, is the slot's number: no
//      division on the collector's path. Exact for every offset of every class: size_class_test.cc.
//
// Constant data, any thread. Not here: objects above 32 KiB (large.cc), packing of tiny ones
// (heap.cc).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "gort/detail/heap_core.hpp"

namespace gort::heap {

using detail::class_of;
using detail::kClassCount;
using detail::kFineBytes;
using detail::kLargeClass;
using detail::kMaxSmallBytes;
using detail::kSlotAlign;
using detail::kUnlabelledBytes;
using detail::slot_bytes_of;

inline constexpr std::size_t kPageBytes = detail::kHeapPageBytes;
inline constexpr unsigned kPageShift = 13;
static_assert(kPageBytes == std::size_t{1} << kPageShift);

struct SizeClass {
  std::uint32_t slot_bytes;
  std::uint32_t pages;
  std::uint32_t slots;
  std::uint32_t magic;  // [Z1]
};

constexpr SizeClass make_size_class(unsigned size_class) {
  constexpr std::size_t kSpanBytes = std::size_t{32} << 10;
  const std::size_t slot = slot_bytes_of(size_class);
  std::size_t bytes = slot * 128 < kSpanBytes ? slot * 128 : kSpanBytes;
  bytes = (bytes + kPageBytes - 1) & -kPageBytes;
  while (bytes % slot > bytes / 8) bytes += kPageBytes;
  return {static_cast<std::uint32_t>(slot), static_cast<std::uint32_t>(bytes / kPageBytes),
          static_cast<std::uint32_t>(bytes / slot),
          static_cast<std::uint32_t>(((std::uint64_t{1} << 32) + slot - 1) / slot)};
}

constexpr std::array<SizeClass, kClassCount> make_size_classes() {
  std::array<SizeClass, kClassCount> table{};
  for (unsigned i = 1; i < kClassCount; ++i) table[i] = make_size_class(i);
  return table;
}
inline constexpr std::array<SizeClass, kClassCount> kSizeClasses = make_size_classes();

static_assert(kSizeClasses[kClassCount - 1].slot_bytes == kMaxSmallBytes);

}  // namespace gort::heap
