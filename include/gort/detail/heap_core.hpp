// The few functions that new_ and what is built on it call, and the arithmetic of sizes.
//
// A type's size class is known when it is compiled: allocate_fixed passes it on, so that what is
// left to do at run time is to take the next slot of the processor's run. Sizes known only at run
// time go by allocate_object.
//
// Size classes are sixteen-byte steps up to 128 bytes, then eight steps per doubling up to 32 KiB:
// above 128 bytes no slot is more than an eighth larger than what was asked for, and the class of a
// size is arithmetic on its leading bits. There is no class of 8: slots are 16-byte aligned, and a
// lone pointer pays for that. A slot size is a multiple of every alignment that it serves.
//
// Labels. Scan objects in slots above kUnlabelledBytes have their layout in the slot's last word.
// Destructible objects of every size, large ones too, have {count, layout} in the last two: written
// when they have been constructed, so that what a constructor left by an exception is garbage
// without an end. While the layout is null, every word may be a pointer, and there is no end.
//
// These names are for gort's headers, not for users. Memory is zeroed; when there is none left the
// process ends with `fatal error: out of memory`. Any thread; may park. Not here: how it works
// (src/heap/heap.cc), how many slots a span has (src/heap/size_class.h).
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace gort::detail {

// The reserved address region of the collected heap; size 0 until it exists.
struct heap_region {
  std::uintptr_t base;
  std::uintptr_t bytes;
};
extern heap_region collected_region;

[[gnu::always_inline]] inline bool in_collected_heap(const void* address) noexcept {
  return reinterpret_cast<std::uintptr_t>(address) - collected_region.base < collected_region.bytes;
}

enum class object_kind : std::uint8_t {
  scan,          // may hold pointers
  noscan,        // holds none: never looked into
  destructible,  // may hold pointers, and has an end that the collector is to be told of
  manual,        // not collected, given back by hand (handle.hpp)
};

// Which words of an object may be pointers: bit i of `bits` is for the word i, modulo `words`.
struct object_layout {
  std::uint32_t words;
  std::uint32_t repeat;  // how many times, for arrays; 0: to the object's end
  const std::uint64_t* bits;
  // Ends `count` objects from `object` on; null unless they are destructible.
  void (*destroy)(void* object, std::size_t count) = nullptr;
  const char* type = nullptr;  // type_signature of the type, for reports; null: not known
  // The end is one of the runtime's own, and short: it waits for nobody's destructor.
  bool prompt = false;
};

// A text that ends in "T = ", the type's name and a bracket.
template <class T>
constexpr const char* type_signature() {
  return __PRETTY_FUNCTION__;
}
// Which type an object has that was just allocated, for reports of checked builds, which remember
// it. They keep what allocate_object is told by itself.
#ifdef GORT_CHECKED
void note_type(const void* object, const char* signature) noexcept;
#else
inline void note_type(const void*, const char*) noexcept {}
#endif

inline constexpr std::uint64_t kEveryWord = 1;  // the bits of a layout of one word

// The label of a destructible object: the last words of its slot.
struct object_end {
  std::size_t count;  // of elements that were constructed, from the slot's beginning
  const object_layout* layout;
};

inline constexpr std::size_t kHeapPageBytes = 8192;
// The heap aligns to no more than a page, and what is aligned to more would not be found.
template <class T>
consteval void check_alignment() {
  static_assert(alignof(T) <= kHeapPageBytes, "T is aligned to more than a page of 8192 bytes");
}
inline constexpr std::size_t kMaxSmallBytes = std::size_t{32} << 10;
inline constexpr std::size_t kSlotAlign = 16;
inline constexpr std::size_t kFineBytes = 128;  // steps of 16 up to here
inline constexpr unsigned kFineClasses = kFineBytes / kSlotAlign;
inline constexpr unsigned kLargeClass = 0;  // of large objects: one slot, the whole span
inline constexpr unsigned kClassCount = 1 + kFineClasses + 8 * 8;
// Objects that may hold pointers and have larger slots keep their layout in the slot's last word;
// smaller ones are looked through word by word, which costs less than to fetch a layout.
inline constexpr std::size_t kUnlabelledBytes = 512;
// Smaller objects without pointers share a slot.
inline constexpr std::size_t kTinyBytes = 16;

// The smallest class whose slots hold `bytes`, which is at most kMaxSmallBytes.
constexpr unsigned class_of(std::size_t bytes) {
  if (bytes <= kFineBytes) return bytes == 0 ? 1 : static_cast<unsigned>((bytes + 15) / 16);
  // (bytes - 1) has its leading one at `top`; the three bits below say which eighth.
  const unsigned top = static_cast<unsigned>(std::bit_width(bytes - 1)) - 1;
  const auto eighth = static_cast<unsigned>((bytes - 1) >> (top - 3)) & 7;
  return kFineClasses + 1 + (top - 7) * 8 + eighth;
}

constexpr std::size_t slot_bytes_of(unsigned size_class) {
  if (size_class <= kFineClasses) return size_class * kSlotAlign;
  const unsigned step = size_class - kFineClasses - 1;
  return (std::size_t{8} + step % 8 + 1) << (step / 8 + 4);
}

// The smallest class that holds `bytes` at `align`, a power of two up to a page; kLargeClass when
// there is none.
constexpr unsigned class_of(std::size_t bytes, std::size_t align) {
  if (bytes > kMaxSmallBytes || align > kHeapPageBytes) return kLargeClass;
  unsigned size_class = class_of(bytes);
  if (align <= kSlotAlign) return size_class;
  while (size_class < kClassCount && (slot_bytes_of(size_class) & (align - 1)) != 0) ++size_class;
  return size_class < kClassCount ? size_class : kLargeClass;
}

constexpr bool is_tiny(std::size_t bytes, std::size_t align, object_kind kind) {
  return kind == object_kind::noscan && bytes < kTinyBytes && align <= 8;
}
// Has its slots' last words for layouts, if they are larger than kUnlabelledBytes.
constexpr bool has_layout_word(object_kind kind, std::size_t slot_bytes) {
  return kind == object_kind::scan && slot_bytes > kUnlabelledBytes;
}
constexpr std::size_t end_bytes(object_kind kind) {
  return kind == object_kind::destructible ? sizeof(object_end) : 0;
}

// The class of an object, room for its label included.
constexpr unsigned object_class(std::size_t bytes, std::size_t align, object_kind kind) {
  if (bytes > kMaxSmallBytes) return kLargeClass;
  const unsigned size_class = class_of(bytes + end_bytes(kind), align);
  if (size_class == kLargeClass) return size_class;
  const std::size_t slot = slot_bytes_of(size_class);
  if (!has_layout_word(kind, slot) || slot - bytes >= sizeof(const object_layout*)) {
    return size_class;
  }
  return class_of(bytes + sizeof(const object_layout*), align);
}

// From the object's beginning to its slot's end, for what is aligned to a page at most and whose
// bytes do not overflow with what is added here.
constexpr std::size_t object_extent(std::size_t bytes, std::size_t align, object_kind kind) {
  const unsigned size_class = object_class(bytes, align, kind);
  if (size_class != kLargeClass) return slot_bytes_of(size_class);
  return (bytes + end_bytes(kind) + kHeapPageBytes - 1) & -kHeapPageBytes;
}

// A marker may read it at the same time.
inline void write_layout(char* word, const object_layout* layout) noexcept {
  std::atomic_ref<const object_layout*>(*reinterpret_cast<const object_layout**>(word))
      .store(layout, std::memory_order_release);
}
// The label of a destructible object; null takes it away, and with it the end.
inline void write_end(void* object, std::size_t extent, std::size_t count,
                      const object_layout* layout) noexcept {
  char* const end = static_cast<char*>(object) + extent - sizeof(object_end);
  // Nobody reads the count before the object is dead.
  reinterpret_cast<object_end*>(end)->count = count;
  write_layout(end + offsetof(object_end, layout), layout);
}

// `align` is a power of two. `layout` null: every word may be a pointer; it is for scan objects.
// The first `filled` bytes may be left as they are, not zeroed: the caller fills them at once. 0
// for what may hold pointers.
void* allocate_object(std::size_t bytes, std::size_t align, object_kind kind,
                      const object_layout* layout, std::size_t filled = 0);
// An object of a class, neither large nor tiny nor manual; without a label. The last argument is
// for the compiler alone: an object said to be so large can only be here, so a handle that is
// constructed in it need not ask where it is (barrier.hpp).
inline constexpr std::size_t kCollectedReach = std::size_t{1} << 46;
[[gnu::alloc_size(3)]] void* allocate_slot(object_kind kind, unsigned size_class,
                                           std::size_t reach = 2 * kCollectedReach);

// `layout` is not null.
template <std::size_t Bytes, std::size_t Align, object_kind Kind>
[[gnu::always_inline]] inline void* allocate_fixed(const object_layout* layout) {
  static_assert(Kind != object_kind::manual);
  constexpr unsigned size_class = object_class(Bytes, Align, Kind);
  if constexpr (size_class == kLargeClass || is_tiny(Bytes, Align, Kind)) {
    return allocate_object(Bytes, Align, Kind, layout);
  } else {
    void* const object = allocate_slot(Kind, size_class);
    constexpr std::size_t slot = slot_bytes_of(size_class);
    if constexpr (has_layout_word(Kind, slot)) {
      write_layout(static_cast<char*>(object) + slot - 8, layout);
    }
    note_type(object, layout->type);
    return object;
  }
}

}  // namespace gort::detail
