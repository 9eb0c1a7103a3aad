// The heap's side door, for the collector alone: from an address to its object, colours, sweeping.
//
// A cycle uses it in this order. (1) sweep_all(), and every cache flushed or sweep_cached: nothing
// has the colour of the cycle before last. (2) At one instant, every owner of a cache stopped:
// flip_colour(), then recolour_runs() of each cache: what there was is white, what comes is black.
// (3) Marking: find(), and marks turned from white to black. (4) World stopped: start_sweep(). What
// is still white is dead. (5) sweep_some() in the background; allocation sweeps what it needs.
//
// [H3] The colour is flipped only when no span has a generation behind the current one, so a mark
//      of the other colour can only be of this cycle.
// Not here: the phases (gc/cycle.cc), what an object's words mean (gc/mark.cc).
#pragma once

#include <cstddef>
#include <cstdint>

#include "heap/span.h"

namespace gort::heap {

// --- marks
inline constexpr std::uint8_t kColourA = 1, kColourB = 2;
inline constexpr std::uint8_t kHasSpecial = 4;  // a record about the object exists: slot_died
constexpr std::uint8_t other_colour(std::uint8_t colour) { return colour ^ kColourMask; }

// Of new objects; while marking this is black. Written with the world stopped.
extern std::atomic<std::uint8_t> current_colour;
inline std::uint8_t allocation_colour() { return current_colour.load(std::memory_order_relaxed); }

// A slot, or what would be one, in a span that is not manual: its mark not yet looked at. Neither
// is the span's record: the page's words are all that this takes. Space behind the last slot leads
// to a mark that says kUncollected.
struct Place {
  PageEntry entry;
  std::uint32_t slot = 0;
  std::uint8_t* mark = nullptr;
  std::uintptr_t object = 0;  // where the slot begins; of a large object, nothing
};
[[gnu::always_inline]] inline bool find_place(std::uintptr_t address, const PageWords& page,
                                              Place& place) {
  // Pairs with publish_span [HS2].
  const PageEntry entry(page.entry.load(std::memory_order_acquire));
  if (!entry.is_collected()) return false;
  place.entry = entry;
  place.mark = page.marks.load(std::memory_order_relaxed);
  if (entry.size_class() == kLargeClass) [[unlikely]]
    return true;
  const SizeClass& size = kSizeClasses[entry.size_class()];
  const std::uintptr_t offset = (entry.page_in_span() << kPageShift) | (address & (kPageBytes - 1));
  place.slot = static_cast<std::uint32_t>((offset * std::uint64_t{size.magic}) >> 32);
  place.mark += place.slot;
  place.object = address - offset + std::uintptr_t{place.slot} * size.slot_bytes;
  return true;
}
[[gnu::always_inline]] inline bool find_place(std::uintptr_t address, Place& place) {
  return is_heap_address(address) && find_place(address, bounds.pages[page_of(address)], place);
}

struct Found {
  Span* span = nullptr;
  std::uint32_t slot = 0;
  std::uint8_t* mark = nullptr;
  std::uintptr_t object = 0;  // where the slot begins
};

// The collected object that `address` points into; false if there is none: not a heap address, a
// page without objects, space behind the last slot, a free slot, manual memory. For a pointer one
// past the end, ask for the byte before. Any thread; while nobody sweeps, or for what is reachable.
[[gnu::always_inline]] inline bool find(std::uintptr_t address, Found& found) {
  Place place;
  if (!find_place(address, place)) return false;
  if (std::atomic_ref<std::uint8_t>(*place.mark).load(std::memory_order_relaxed) == 0) return false;
  Span* const span = &bounds.spans[place.entry.span()];
  if (place.slot >= span->slots) return false;
  if (place.entry.size_class() == kLargeClass) place.object = span->base;
  found = {span, place.slot, place.mark, place.object};
  return true;
}

// The memory given back by hand that `address` points into: a slot, or all of a large one's.
struct Body {
  const char* low = nullptr;
  const char* high = nullptr;
};
// Others may give it back meanwhile and the span's record become another's: so all is taken from
// page entries, each of which is true of its page. At worst the answer was right a moment ago.
bool find_large_body(std::size_t page, PageEntry entry, Body& body);
inline bool find_body(std::uintptr_t address, Body& body) {
  if (!is_heap_address(address)) return false;
  const PageEntry entry = entry_of(address);
  if (!entry.in_use() || entry.kind() != Kind::manual) return false;
  if (entry.size_class() == kLargeClass) return find_large_body(page_of(address), entry, body);
  const SizeClass& size = kSizeClasses[entry.size_class()];
  const std::uintptr_t offset = (entry.page_in_span() << kPageShift) | (address & (kPageBytes - 1));
  const std::uint64_t slot = (offset * std::uint64_t{size.magic}) >> 32;
  if (slot >= size.slots) return false;
  body.low = reinterpret_cast<const char*>(address - offset + slot * size.slot_bytes);
  body.high = body.low + size.slot_bytes;
  return true;
}

// --- labels (gort/detail/heap_core.hpp)
// The last two words of a destructible object's slot.
inline detail::object_end* end_of(const Found& found) {
  const std::size_t slot =
      found.span->slot_bytes != 0 ? found.span->slot_bytes : found.span->bytes();
  return reinterpret_cast<detail::object_end*>(found.object + slot - sizeof(detail::object_end));
}
inline const Layout* load_layout(const Layout** word) {
  return std::atomic_ref<const Layout*>(*word).load(std::memory_order_acquire);
}

// How many bytes of it to look into, and the layout of its words; null: each may be a pointer.
inline std::size_t scan_bytes(const Found& found) {
  const std::size_t slot = found.span->slot_bytes;
  const std::size_t label = detail::end_bytes(found.span->kind);
  if (slot == 0) return found.span->bytes() - label;
  return slot - (detail::has_layout_word(found.span->kind, slot) ? sizeof(const Layout*) : label);
}
inline const Layout* layout_of(const Found& found) {
  if (found.span->kind == Kind::destructible) return load_layout(&end_of(found)->layout);
  const std::size_t slot = found.span->slot_bytes;
  if (slot == 0) return found.span->layout;
  if (!detail::has_layout_word(found.span->kind, slot)) return nullptr;
  return load_layout(reinterpret_cast<const Layout**>(found.object + slot - sizeof(const Layout*)));
}

// What ends a destructible object, and how many there are in it. Null if it needs no end: another
// kind; not yet, or never, wholly constructed; ended by clear_end.
using Destroy = void (*)(void* object, std::size_t count);
inline Destroy destroy_of(const Found& found) {
  if (found.span->kind != Kind::destructible) return nullptr;
  const Layout* const layout = load_layout(&end_of(found)->layout);
  return layout != nullptr ? layout->destroy : nullptr;
}
inline bool is_prompt(const Found& found) {
  const Layout* const layout = load_layout(&end_of(found)->layout);
  return layout != nullptr && layout->prompt;
}
inline std::size_t count_of(const Found& found) { return end_of(found)->count; }
// From now on it is an object like any other, each of whose words may be a pointer.
inline void clear_end(const Found& found) {
  std::atomic_ref<const Layout*>(end_of(found)->layout).store(nullptr, std::memory_order_release);
}

// --- a cycle
std::uint8_t flip_colour();          // the new allocation colour
void recolour_runs(Cache& cache);    // free slots that it has already taken get the new colour
void start_sweep();                  // whoever has not the allocation colour now is dead
bool sweep_some(std::size_t spans);  // of at most so many spans; false: there is nothing left
void sweep_all();                    // and waits for others that sweep
void sweep_cached(Cache& cache);     // the spans that a cache holds [H2]
bool sweep_is_done();                // but for spans in caches
std::size_t swept_bytes();           // of spans in which it left nothing, ever

// Every cache there is; the list does not change meanwhile.
using CacheVisitor = void (*)(Cache& cache, void* argument);
void for_each_cache(CacheVisitor visit, void* argument);

std::size_t committed_pages();
// Every span of a collected kind, by address, that begins in the next `pages` from `page` on, which
// goes behind them; perhaps those that are made meanwhile. False: there are no more. While nobody
// sweeps.
template <class Visit>
bool visit_spans(Kind kind, std::size_t& page, std::size_t pages, Visit visit) {
  const std::size_t end = committed_pages(), until = pages < end - page ? page + pages : end;
  for (; page < until; ++page) {
    const PageEntry entry = entry_of(address_of_page(page));
    if (!entry.in_use() || entry.kind() != kind || entry.page_in_span() != 0) continue;
    const Span& span = bounds.spans[entry.span()];
    page += span.pages - 1;
    visit(span);
  }
  return page < end;
}
template <class Visit>
void for_each_span(Kind kind, Visit visit) {
  std::size_t page = 0;
  visit_spans(kind, page, committed_pages(), visit);
}

std::size_t cache_bytes();  // of one cache's record

// Every consistency that the heap knows of. World stopped.
void check_heap();

}  // namespace gort::heap
