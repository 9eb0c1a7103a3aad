// Labels: what a destructible object has in the last words of its slot.
//
// Not here: layouts of scan objects (cache_test.cc), who runs the ends (gc/finalize_test.cc).
#include <cstring>

#include "heap/heap_fixture.h"

using namespace gort::heap;
using gort::detail::object_extent;
using gort::detail::write_end;

namespace {

constexpr std::uint64_t kBits = 1;
void destroy(void*, std::size_t) {}
constexpr Layout kLayout{1, 0, &kBits, &destroy};

Found found_at(void* object) {
  Found found;
  CHECK(find(reinterpret_cast<std::uintptr_t>(object), found));
  return found;
}

constexpr std::size_t kSizes[] = {1,     16,     17,     24,     112,    128,       200,    496,
                                  512,   513,    1000,   8192,   32'752, 32'753,    32'768, 40'000,
                                  98'288, 98'289, 98'304, 100'000, 1'000'000};

}  // namespace

TEST_CASE_FIXTURE(HeapFixture, "a destructible object of any size keeps its count and layout") {
  for (const std::size_t bytes : kSizes) {
    void* const object = allocate(bytes, 16, Kind::destructible, &kLayout);
    std::memset(object, 0xff, bytes);  // its own bytes do not reach the label
    const Found found = found_at(object);
    CHECK((destroy_of(found) == nullptr));
    CHECK(layout_of(found) == nullptr);
    write_end(object, object_extent(bytes, 16, Kind::destructible), bytes, &kLayout);
    CHECK((destroy_of(found) == &destroy));
    CHECK(count_of(found) == bytes);
    CHECK(layout_of(found) == &kLayout);
    CHECK(scan_bytes(found) >= bytes);
    CHECK(static_cast<unsigned char*>(object)[bytes - 1] == 0xff);
    clear_end(found);
    CHECK((destroy_of(found) == nullptr));
    CHECK(layout_of(found) == nullptr);
  }
}

TEST_CASE_FIXTURE(HeapFixture, "an object's extent ends where its slot does") {
  for (const Kind kind : {Kind::scan, Kind::noscan, Kind::destructible}) {
    for (const std::size_t align : {8u, 16u, 64u, 4096u, 8192u}) {
      for (const std::size_t bytes : kSizes) {
        if (gort::detail::is_tiny(bytes, align, kind)) continue;
        void* const object = allocate(bytes, align, kind, nullptr);
        const Found found = found_at(object);
        const std::size_t slot =
            found.span->slot_bytes != 0 ? found.span->slot_bytes : found.span->bytes();
        CHECK(found.object == reinterpret_cast<std::uintptr_t>(object));
        CHECK(object_extent(bytes, align, kind) == slot);
      }
    }
  }
}

TEST_CASE_FIXTURE(HeapFixture, "a slot that is used again has no label") {
  constexpr std::size_t kBytes = 48;
  void* kept = nullptr;
  for (int i = 0; i < 1000; ++i) {
    void* const object = allocate(kBytes, 16, Kind::destructible, nullptr);
    write_end(object, object_extent(kBytes, 16, Kind::destructible), 1, &kLayout);
    if (i == 500) kept = object;  // so that the span is not returned as a whole
  }
  collect({kept});
  int labelled = 0;
  for (int i = 0; i < 2000; ++i) {
    void* const object = allocate(kBytes, 16, Kind::destructible, nullptr);
    labelled += destroy_of(found_at(object)) != nullptr;
  }
  CHECK(labelled == 0);
  CHECK((destroy_of(found_at(kept)) == &destroy));
}

TEST_CASE_FIXTURE(HeapFixture, "objects of other kinds have no end") {
  for (const Kind kind : {Kind::scan, Kind::noscan}) {
    for (const std::size_t bytes : {32u, 1000u, 100'000u}) {
      auto* const object = allocate(bytes, 16, kind, kind == Kind::scan ? &kLayout : nullptr);
      CHECK((destroy_of(found_at(object)) == nullptr));
    }
  }
}
