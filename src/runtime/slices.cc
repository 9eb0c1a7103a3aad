// What slices and strings call that need not be in a header: the errors of indices, and growth.
//
// The texts are Go's, where they depend on whether a number was negative: an index that was is said
// alone, without the length it has missed. Runs on whoever indexes or appends, any thread.
// Not here: elements (gort/detail/slice_core.hpp), memory (heap/heap.cc).
#include <cstddef>
#include <cstdio>

#include "gort/detail/slice_core.hpp"
#include "gort/error.hpp"

namespace gort::detail {
namespace {

struct BoundsText {
  const char* format;
  const char* negative;  // of x
};

// By the numbers of `bounds`.
constexpr BoundsText kBoundsTexts[] = {
    {"index out of range [%td] with length %td", "index out of range [%td]"},
    {"slice bounds out of range [:%td] with length %td", "slice bounds out of range [:%td]"},
    {"slice bounds out of range [:%td] with capacity %td", "slice bounds out of range [:%td]"},
    {"slice bounds out of range [%td:%td]", "slice bounds out of range [%td:]"},
    {"slice bounds out of range [::%td] with capacity %td", "slice bounds out of range [::%td]"},
    {"slice bounds out of range [:%td:%td]", "slice bounds out of range [:%td:]"},
    {"slice bounds out of range [%td:%td:]", "slice bounds out of range [%td::]"},
};

// Go's nextslicecap.
std::size_t next_capacity(std::size_t old, std::size_t needed) {
  constexpr std::size_t kSmall = 256;
  if (needed > 2 * old) return needed;
  if (old < kSmall) return 2 * old;
  std::size_t capacity = old;
  while (capacity < needed) capacity += (capacity + 3 * kSmall) / 4;
  return capacity;
}

}  // namespace

alignas(64) unsigned char empty_array[64];

void throw_bounds(bounds which, std::size_t x, std::size_t y) {
  const BoundsText& text = kBoundsTexts[static_cast<unsigned char>(which)];
  const auto low = static_cast<std::ptrdiff_t>(x);
  char line[128];
  if (low < 0) {
    std::snprintf(line, sizeof line, text.negative, low);
  } else {
    std::snprintf(line, sizeof line, text.format, low, static_cast<std::ptrdiff_t>(y));
  }
  throw_runtime_error(line);
}

void throw_make_slice(std::size_t length, std::size_t most) {
  throw_runtime_error(length > most ? "makeslice: len out of range"
                                    : "makeslice: cap out of range");
}

void throw_grow_slice() { throw_runtime_error("growslice: len out of range"); }

std::size_t grown_capacity(std::size_t old, std::size_t needed, std::size_t element_bytes,
                           std::size_t align, object_kind kind) {
  const std::size_t capacity = next_capacity(old, needed);
  if (capacity > (std::size_t{1} << 48) / element_bytes) throw_grow_slice();
  const std::size_t bytes = capacity * element_bytes;
  std::size_t room = 0;
  if (is_tiny(bytes, align, kind)) {
    room = (bytes + 7) / 8 * 8;  // several share a slot: Go's smallest class
  } else if (align <= kHeapPageBytes) {
    const std::size_t extent = object_extent(bytes, align, kind);
    const bool small = object_class(bytes, align, kind) != kLargeClass;
    const bool labelled = small && has_layout_word(kind, extent);
    room = extent - end_bytes(kind) - (labelled ? sizeof(const object_layout*) : 0);
  }
  return room > bytes ? room / element_bytes : capacity;
}

}  // namespace gort::detail
