// Spans: an address finds its object, runs of free slots are found in any pattern of marks.
//
// Not here: whose slots they are (cache_test.cc).
#include "heap/span.h"

#include <doctest/doctest.h>

#include <cstring>
#include <vector>

#include "base/random.h"
#include "heap/heap_fixture.h"

using namespace gort::heap;

TEST_CASE_FIXTURE(HeapFixture, "every byte of an object leads to it, for every class and kind") {
  int wrong = 0;
  for (unsigned size_class = 1; size_class < kClassCount; ++size_class) {
    const std::size_t slot = slot_bytes_of(size_class);
    auto* object = static_cast<char*>(allocate(slot, 16, Kind::noscan, nullptr));
    for (std::size_t i = 0; i < slot; i += slot < 256 ? 1 : 61) {
      Found found;
      const bool is = find(reinterpret_cast<std::uintptr_t>(object + i), found);
      wrong += !is || found.object != reinterpret_cast<std::uintptr_t>(object) ||
               found.span->slot_bytes != slot || found.span->kind != Kind::noscan;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE_FIXTURE(HeapFixture, "what is no object is not found") {
  int local = 0;
  CHECK_FALSE(is_object(&local));
  CHECK_FALSE(is_object(nullptr));
  CHECK_FALSE(is_object(reinterpret_cast<void*>(bounds.base - 1)));
  CHECK_FALSE(is_object(reinterpret_cast<void*>(bounds.base + bounds.bytes)));
  CHECK_FALSE(is_object(reinterpret_cast<void*>(bounds.base + bounds.bytes - 1)));
  void* manual = allocate(64, 16);
  CHECK_FALSE(is_object(manual));
  release(manual);
  void* object = allocate(48, 16, Kind::scan, nullptr);
  CHECK(is_object(object));
  Span* span = span_of(object);
  // 8192 is no multiple of 48: what is behind the last slot belongs to none.
  CHECK(span->bytes() % 48 != 0);
  CHECK_FALSE(is_object(reinterpret_cast<void*>(span->base + span->bytes() - 1)));
  flush(cache());
  CHECK_FALSE(is_object(reinterpret_cast<void*>(span->slot_base(span->slots - 1))));  // [HS1]
}

TEST_CASE("a page entry keeps its parts apart and saturates") {
  constexpr PageEntry entry(72, Kind::destructible, 70'000, 0xfedcba98);
  static_assert(entry.size_class() == 72 && entry.kind() == Kind::destructible && entry.in_use());
  static_assert(entry.page_in_span() == 0xffff && entry.span() == 0xfedcba98);
  static_assert(!PageEntry().in_use());
}

TEST_CASE("runs and counts agree with a look at each slot") {
  boot();
  gort::base::Random random(11);
  for (unsigned size_class : {class_of(16), class_of(48), class_of(1000), class_of(32768)}) {
    Span* span = new_span(size_class, Kind::noscan);
    for (int round = 0; round < 300; ++round) {
      const std::uint32_t density = 1 + random.below(40);
      std::uint32_t free = 0;
      for (std::uint32_t slot = 0; slot < span->slots; ++slot) {
        span->marks[slot] = random.below(density) == 0 ? 1 + random.below(15) : 0;
        free += span->marks[slot] == 0;
      }
      CHECK(count_free(*span) == free);
      std::uint32_t found = 0;
      span->cursor = 0;
      for (;;) {
        const SlotRun run = find_run(*span);
        if (run.count == 0) break;
        bool all_free = true;
        for (std::uint32_t i = 0; i < run.count; ++i) all_free &= span->marks[run.first + i] == 0;
        CHECK(all_free);
        const std::uint32_t end = run.first + run.count;
        CHECK((end == span->slots || span->marks[end] != 0));
        found += run.count;
        span->cursor = end;
      }
      CHECK(found == free);
    }
    free_span(span);
  }
}

TEST_CASE_FIXTURE(HeapFixture, "any address in memory given back by hand leads to all of it") {
  const auto expect = [](const char* body, std::size_t bytes) {
    for (const std::size_t at : {std::size_t{0}, bytes / 2, bytes - 1}) {
      Body found;
      CHECK(find_body(reinterpret_cast<std::uintptr_t>(body) + at, found));
      CHECK(found.low == body);
      CHECK(found.high >= body + bytes);
      CHECK(found.high < body + bytes + bytes / 8 + kPageBytes);
    }
  };
#if defined(__SANITIZE_THREAD__)
  constexpr std::size_t kHuge = std::size_t{1} << 20;  // the detector has several bytes for each
#else
  constexpr std::size_t kHuge = std::size_t{0x1'0003} << kPageShift;  // more than entries count
#endif
  for (const std::size_t bytes :
       {std::size_t{100}, std::size_t{5'000}, std::size_t{100'000}, kHuge}) {
    auto* const body = static_cast<char*>(allocate(bytes, 16));
    auto* const neighbour = static_cast<char*>(allocate(bytes, 16));
    expect(body, bytes);
    expect(neighbour, bytes);
    release(neighbour);
    Body found;
    if (bytes > kMaxSmallBytes) {
      CHECK(!find_body(reinterpret_cast<std::uintptr_t>(neighbour), found));
    }
    expect(body, bytes);
    release(body);
  }
  Body none;
  CHECK(!find_body(bounds.base - 1, none));
}
