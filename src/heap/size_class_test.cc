// Size classes: each size gets the smallest class that serves it, and the arithmetic is exact.
//
// Everything here is exhaustive: every size, every offset. Not here: who uses them (cache.cc).
#include "heap/size_class.h"

#include <doctest/doctest.h>

using namespace gort::heap;

TEST_CASE("every size gets the smallest class that holds it, wasting an eighth at most") {
  static_assert(slot_bytes_of(class_of(1)) == 16);
  static_assert(slot_bytes_of(class_of(128)) == 128);
  static_assert(slot_bytes_of(class_of(129)) == 144);
  static_assert(slot_bytes_of(class_of(kMaxSmallBytes)) == kMaxSmallBytes);
  int wrong = 0;
  for (std::size_t bytes = 1; bytes <= kMaxSmallBytes; ++bytes) {
    const unsigned size_class = class_of(bytes);
    const std::size_t slot = slot_bytes_of(size_class);
    wrong += slot < bytes || (size_class > 1 && slot_bytes_of(size_class - 1) >= bytes);
    wrong += bytes > kFineBytes && (slot - bytes) * 8 > slot;
    wrong += slot % kSlotAlign != 0;
  }
  CHECK(wrong == 0);
}

TEST_CASE("a class for an alignment has slots that are multiples of it, up to a page") {
  int wrong = 0;
  for (std::size_t align = 1; align <= kPageBytes; align *= 2) {
    for (std::size_t bytes = 1; bytes <= kMaxSmallBytes; bytes += 7) {
      const unsigned size_class = class_of(bytes, align);
      wrong += size_class == kLargeClass || slot_bytes_of(size_class) < bytes ||
               slot_bytes_of(size_class) % align != 0;
    }
  }
  CHECK(wrong == 0);
  CHECK(class_of(16, 2 * kPageBytes) == kLargeClass);
  CHECK(class_of(kMaxSmallBytes + 1, 16) == kLargeClass);
}

TEST_CASE("[Z1] a multiplication finds the slot of every offset") {
  int wrong = 0;
  for (unsigned i = 1; i < kClassCount; ++i) {
    const SizeClass& size = kSizeClasses[i];
    for (std::uint64_t offset = 0; offset < std::uint64_t{size.pages} * kPageBytes; ++offset) {
      wrong += (offset * size.magic >> 32) != offset / size.slot_bytes;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("a span is nearly filled by its slots, and has several of them") {
  for (unsigned i = 1; i < kClassCount; ++i) {
    const SizeClass& size = kSizeClasses[i];
    const std::size_t bytes = size.pages * kPageBytes;
    CHECK(bytes - std::size_t{size.slots} * size.slot_bytes <= bytes / 8);
    CHECK(bytes <= 128 << 10);
  }
}
