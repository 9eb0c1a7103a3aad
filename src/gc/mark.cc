// The mark loop.
//
// What it waits for is memory: a word's object may be anywhere, and so may its mark. So everything
// is asked for some time before it is needed, and passes through a short ring meanwhile:
//
//     word --(page's words)--> found: its mark is on the way --(white?)--> grey, in the chunk
//     chunk, last in first out --> taken: its first line is on the way --> looked into: words
//
// Order is otherwise depth first, which keeps the queues short. Sixteen of each are on their way at
// once: so even a heap of lists, where each object leads to one other, is read at the speed of the
// memory and not at its latency, as long as there are several lists.
//
// Large objects are looked into piece by piece: each piece queues the rest before it begins, so
// that others can go on with it and a slice ends in time.
//
// Slots are read while mutators write them: as relaxed atomics, and in functions that the thread
// and address sanitizers leave alone. Not here: grey objects' queues (work.h).
#include "gc/mark.h"

#include <array>
#include <utility>

#include "base/no_sanitize.h"

namespace gort::collector {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{128} << 10;
constexpr unsigned kRing = 16;  // a power of two

// An entry of a chunk: an address, and the tag of its page's entry around it. So what is taken from
// a chunk is known without another look at the heap's tables.
constexpr std::uintptr_t kLabelled = heap::PageEntry::kLabelled;
constexpr std::uintptr_t kNoscan = heap::PageEntry::kNoscan;
constexpr std::uintptr_t kFlags = kLabelled | kNoscan;
constexpr unsigned kClassShift = heap::PageEntry::kClassShift;
constexpr std::uintptr_t kAddressMask = (std::uintptr_t{1} << kClassShift) - 1;

#define GORT_UNCHECKED GORT_NO_SANITIZE
#define GORT_UNCHECKED_INLINE [[gnu::always_inline]] GORT_NO_SANITIZE inline

GORT_UNCHECKED_INLINE std::uintptr_t load_word(std::uintptr_t at) {
  return __atomic_load_n(reinterpret_cast<const std::uintptr_t*>(at), __ATOMIC_RELAXED);
}

std::uint8_t white_now() { return heap::other_colour(heap::allocation_colour()); }

// From white to black; false if it was not white.
GORT_UNCHECKED_INLINE bool blacken(std::uint8_t* at, std::uint8_t white) {
  const std::uint8_t mark = __atomic_load_n(at, __ATOMIC_RELAXED);
  if ((mark & heap::kColourMask) != white) return false;
  __atomic_store_n(at, static_cast<std::uint8_t>(mark ^ heap::kColourMask), __ATOMIC_RELAXED);
  return true;
}

// The chunk's entry for an object, should it be white.
GORT_UNCHECKED_INLINE std::uintptr_t entry_for(const heap::Place& place) {
  if (place.entry.size_class() == heap::kLargeClass) [[unlikely]] {
    return heap::bounds.spans[place.entry.span()].base | place.entry.tag();
  }
  return place.object | place.entry.tag();
}

// What has become black. Objects that are looked into word by word count when they are.
GORT_UNCHECKED_INLINE void note_black(LocalWork& work, std::uintptr_t entry) {
  if ((entry & kFlags) == 0) [[likely]]
    return push(work, entry);
  const auto size_class = static_cast<unsigned>(entry >> kClassShift);
  const std::uintptr_t object = entry & kAddressMask & ~kFlags;
  work.marked_bytes += size_class != heap::kLargeClass
                           ? heap::kSizeClasses[size_class].slot_bytes
                           : heap::span_of(reinterpret_cast<const void*>(object))->bytes();
  if ((entry & kNoscan) == 0) push(work, object | kLabelled);
}

GORT_UNCHECKED_INLINE void shade_word(LocalWork& work, std::uintptr_t word, std::uint8_t white) {
  heap::Place place;
  if (heap::find_place(word, place) && blacken(place.mark, white)) {
    note_black(work, entry_for(place));
  }
}

// Objects whose marks are on their way. Places where none is lead to a mark that is never white:
// so the ring is always full, and what comes puts the oldest out.
struct FoundMark {
  std::uint8_t* mark;
  std::uintptr_t entry;
};
using FoundMarks = std::array<FoundMark, kRing>;
std::uint8_t no_mark = heap::kUncollected;

class FoundRing {
 public:
  // The storage is apart so that the rest can be in registers.
  explicit FoundRing(FoundMarks& storage) : found_(storage.data()) {
    for (FoundMark& each : storage) each = {&no_mark, 0};
  }

  GORT_UNCHECKED_INLINE void consider(LocalWork& work, std::uintptr_t word) {
    const std::uintptr_t offset = word - base_;
    if (offset >= bytes_) return;
    heap::Place place;
    if (!heap::find_place(word, pages_[offset >> heap::kPageShift], place)) return;
    __builtin_prefetch(place.mark, 1);
    FoundMark& oldest = found_[next_++ % kRing];
    const FoundMark out = oldest;
    oldest = {place.mark, entry_for(place)};
    if (blacken(out.mark, white_)) note_black(work, out.entry);
  }
  // False if there was none.
  GORT_UNCHECKED_INLINE bool settle_all(LocalWork& work) {
    if (next_ == settled_) return false;
    for (unsigned i = 0; i < kRing; ++i) {
      FoundMark& oldest = found_[next_++ % kRing];
      if (blacken(oldest.mark, white_)) note_black(work, oldest.entry);
      oldest.mark = &no_mark;
    }
    settled_ = next_;
    return true;
  }

 private:
  const std::uintptr_t base_ = heap::bounds.base;
  const std::size_t bytes_ = heap::bounds.bytes;
  const heap::PageWords* const pages_ = heap::bounds.pages;
  const std::uint8_t white_ = white_now();
  unsigned next_ = 0, settled_ = 0;
  FoundMark* const found_;
};

// Words [low, high) of the object that begins at `object`.
GORT_UNCHECKED_INLINE void scan_by_layout(LocalWork& work, FoundRing& ring,
                                          const heap::Layout& layout, std::uintptr_t object,
                                          std::uintptr_t low, std::uintptr_t high) {
  std::uint32_t word = static_cast<std::uint32_t>((low - object) / sizeof(void*) % layout.words);
  for (std::uintptr_t at = low; at < high; at += sizeof(void*)) {
    if ((layout.bits[word / 64] >> word % 64 & 1) != 0) ring.consider(work, load_word(at));
    if (++word == layout.words) word = 0;
  }
}

// What is large, or whose span or label says which words to look at. Returns the bytes looked at.
// Its ring is its own, so that the caller's stays in registers.
GORT_UNCHECKED [[gnu::noinline]] std::size_t scan_labelled(LocalWork& work, std::uintptr_t from) {
  heap::Found found;
  if (!heap::find(from, found)) return 0;
  const std::uintptr_t end = found.object + heap::scan_bytes(found);
  if (from >= end) return 0;
  std::uintptr_t until = end;
  if (end - from > kPieceBytes) {
    until = from + kPieceBytes;
    push(work, until | kLabelled);
  }
  FoundMarks marks;
  FoundRing ring(marks);
  if (const heap::Layout* layout = heap::layout_of(found)) {
    scan_by_layout(work, ring, *layout, found.object, from, until);
  } else {
    for (std::uintptr_t at = from; at < until; at += sizeof(void*)) {
      ring.consider(work, load_word(at));
    }
  }
  ring.settle_all(work);
  return until - from;
}

// Each word that may be an address of the heap's is shown to `look` as well.
template <class Look>
GORT_UNCHECKED_INLINE void shade_words(LocalWork& work, const void* low, const void* high,
                                       Look look) {
  const std::uint8_t white = white_now();
  std::uintptr_t at = (reinterpret_cast<std::uintptr_t>(low) + 7) & ~std::uintptr_t{7};
  const std::uintptr_t end = reinterpret_cast<std::uintptr_t>(high) & ~std::uintptr_t{7};
  for (; at < end; at += sizeof(void*)) {
    const std::uintptr_t word = load_word(at);
    // One past the arena is one past an object, too.
    if (word - heap::bounds.base > heap::bounds.bytes) continue;
    shade_word(work, word, white);
    if (word % alignof(std::max_align_t) == 0) shade_word(work, word - 1, white);
    look(word);
  }
}

// The bodies that one stack refers to. A word often leads to where its neighbours do, so a few that
// were looked through last are enough to do each about once.
class Bodies {
 public:
  GORT_UNCHECKED void follow(LocalWork& work, std::uintptr_t word) {
    heap::Body body;
    if (!heap::find_body(word, body)) return;
    if (static_cast<std::size_t>(body.high - body.low) > kMostBody) return;
    const std::uint64_t hash = reinterpret_cast<std::uintptr_t>(body.low) * 0x9e3779b97f4a7c15;
    const char*& last = last_[hash >> (64 - kLog)];
    if (last == body.low) return;
    last = body.low;
    shade_range(work, body.low, body.high);
  }

 private:
  static constexpr unsigned kLog = 4;
  const char* last_[1 << kLog] = {};
};

}  // namespace

void shade(LocalWork& work, std::uintptr_t address) { shade_word(work, address, white_now()); }

GORT_UNCHECKED void shade_range(LocalWork& work, const void* low, const void* high, bool bodies) {
  if (bodies) {
    Bodies followed;
    shade_words(work, low, high, [&](std::uintptr_t word) { followed.follow(work, word); });
  } else {
    shade_words(work, low, high, [](std::uintptr_t) {});
  }
}

GORT_UNCHECKED std::uint64_t drain(LocalWork& work, std::uint64_t budget) {
  std::array<std::uintptr_t, kRing> taken;
  unsigned first = 0, waiting = 0;
  FoundMarks marks;
  FoundRing ring(marks);
  std::uint64_t words = 0, labelled = 0;  // bytes looked at
  while (words + labelled < budget) {
    std::uintptr_t entry;
    if (pop(work, &entry)) [[likely]] {
      const std::uintptr_t taken_object = entry & kAddressMask;
      __builtin_prefetch(reinterpret_cast<const void*>(taken_object));
      __builtin_prefetch(reinterpret_cast<const void*>(taken_object + 47));
      if (waiting < kRing) {
        taken[(first + waiting++) % kRing] = entry;
        continue;
      }
      std::swap(entry, taken[first++ % kRing]);
    } else if (ring.settle_all(work)) {
      continue;  // rather than wait for few objects, see whether there are more
    } else if (waiting > 0) {
      entry = taken[first++ % kRing];
      --waiting;
    } else {
      break;
    }
    const std::uintptr_t object = entry & kAddressMask & ~kFlags;
    if ((entry & kLabelled) != 0) [[unlikely]] {
      labelled += scan_labelled(work, object);
      continue;
    }
    const std::size_t bytes = heap::kSizeClasses[entry >> kClassShift].slot_bytes;
    for (std::uintptr_t at = object; at < object + bytes; at += sizeof(void*)) {
      ring.consider(work, load_word(at));
    }
    words += bytes;
  }
  ring.settle_all(work);
  for (; waiting > 0; --waiting) push(work, taken[first++ % kRing]);
  work.marked_bytes += words;
  std::atomic_ref<std::uint64_t>(work.scanned_bytes)
      .store(work.scanned_bytes + words + labelled, std::memory_order_relaxed);
  return words + labelled;
}

}  // namespace gort::collector
