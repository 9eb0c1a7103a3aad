// Allocation from a cache: zeroed, apart, aligned, in runs; tiny objects packed; layouts kept.
//
// The fixture's end checks that everything went back. Not here: what a collection frees
// (sweep_test.cc).
#include "heap/cache.h"

#include <cstring>
#include <set>
#include <vector>

#include "heap/heap_fixture.h"

using namespace gort::heap;

namespace {

bool all_bytes(const void* memory, std::size_t bytes, unsigned char value) {
  const auto* at = static_cast<const unsigned char*>(memory);
  for (std::size_t i = 0; i < bytes; ++i) {
    if (at[i] != value) return false;
  }
  return true;
}

}  // namespace

TEST_CASE_FIXTURE(HeapFixture, "a fresh span is allocated from end to end, like a nursery") {
  auto* first = static_cast<char*>(allocate(64, 16, Kind::scan, nullptr));
  for (int i = 1; i < 100; ++i) {
    CHECK(static_cast<char*>(allocate(64, 16, Kind::scan, nullptr)) == first + 64 * i);
  }
}

TEST_CASE_FIXTURE(HeapFixture, "objects are zeroed and apart, also in memory used before") {
  int wrong = 0;
  for (int round = 0; round < 4; ++round) {
    std::vector<std::pair<char*, std::size_t>> objects;
    for (std::size_t bytes = 1; bytes < 40'000; bytes += 1 + bytes / 3) {
      for (int i = 0; i < 40; ++i) {
        for (Kind kind : {Kind::scan, Kind::noscan, Kind::destructible}) {
          auto* object = static_cast<char*>(allocate(bytes, 8, kind, nullptr));
          wrong += !all_bytes(object, bytes, 0);
          std::memset(object, 0xab, bytes);
          objects.emplace_back(object, bytes);
        }
      }
    }
    check_heap();
    std::set<char*> starts;
    for (auto [object, bytes] : objects) wrong += !starts.insert(object).second;
    for (auto [object, bytes] : objects) {
      auto next = starts.upper_bound(object);
      wrong += next != starts.end() && *next < object + bytes;
    }
    // Every third survives with its contents; the rest is the next round's memory.
    std::vector<void*> live;
    for (std::size_t i = 0; i < objects.size(); i += 3) live.push_back(objects[i].first);
    collect(live);
    for (std::size_t i = 0; i < objects.size(); i += 3) {
      wrong += !all_bytes(objects[i].first, objects[i].second, 0xab);
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE_FIXTURE(HeapFixture, "alignments up to and beyond a page are kept") {
  for (std::size_t align = 16; align <= (256 << 10); align *= 2) {
    for (std::size_t bytes : {1u, 100u, 5000u, 40'000u}) {
      void* object = allocate(bytes, align, Kind::scan, nullptr);
      CHECK(reinterpret_cast<std::uintptr_t>(object) % align == 0);
      CHECK(is_object(object));
    }
  }
}

TEST_CASE_FIXTURE(HeapFixture, "tiny objects without pointers share a slot, others do not") {
  auto* a = static_cast<char*>(allocate(4, 4, Kind::noscan, nullptr));
  auto* b = static_cast<char*>(allocate(1, 1, Kind::noscan, nullptr));
  auto* c = static_cast<char*>(allocate(2, 2, Kind::noscan, nullptr));
  CHECK(b == a + 4);
  CHECK(c == a + 6);
  auto* d = static_cast<char*>(allocate(8, 8, Kind::noscan, nullptr));
  CHECK(d == a + 8);
  auto* e = static_cast<char*>(allocate(8, 8, Kind::noscan, nullptr));
  CHECK((e < a || e >= a + 16));
  auto* f = static_cast<char*>(allocate(8, 8, Kind::scan, nullptr));
  auto* g = static_cast<char*>(allocate(8, 8, Kind::scan, nullptr));
  CHECK(g == f + 16);
  // While marking, a tiny object must not be born into a slot that is white.
  start_marking();
  auto* h = static_cast<char*>(allocate(1, 1, Kind::noscan, nullptr));
  CHECK((h < e || h >= e + 16));
  start_sweep();
  sweep_cached(cache());
  sweep_all();
  CHECK(is_object(h));
  CHECK_FALSE(is_object(a));
}

TEST_CASE_FIXTURE(HeapFixture,
                  "an object above 512 bytes keeps its layout, smaller ones have none") {
  static constexpr std::uint64_t kBits = 5;
  static constexpr Layout kLayout{64, 0, &kBits};
  for (std::size_t bytes : {16u, 512u, 513u, 1020u, 1024u, 4096u, 32'760u, 32'768u, 100'000u}) {
    auto* object = static_cast<char*>(allocate(bytes, 16, Kind::scan, &kLayout));
    std::memset(object, 0xff, bytes);  // its own bytes do not reach the layout
    Found found;
    CHECK(find(reinterpret_cast<std::uintptr_t>(object), found));
    CHECK(layout_of(found) == (bytes <= 512 ? nullptr : &kLayout));
    CHECK(scan_bytes(found) >= bytes);
    auto* plain = allocate(bytes, 16, Kind::scan, nullptr);
    CHECK(find(reinterpret_cast<std::uintptr_t>(plain), found));
    CHECK(layout_of(found) == nullptr);
  }
}

TEST_CASE_FIXTURE(HeapFixture, "the collector is told of all bytes before they are used") {
  collector.paid = 0;
  for (int i = 0; i < 10'000; ++i) allocate(64, 16, Kind::scan, nullptr);
  CHECK(collector.paid + cache().debt >= 640'000);
  const std::size_t before = collector.paid;
  allocate(1 << 20, 16, Kind::noscan, nullptr);
  CHECK(collector.paid >= before + (1 << 20));
}

TEST_CASE_FIXTURE(HeapFixture, "statistics are exact after a flush") {
  flush(cache());
  const Statistics before = statistics();
  for (int i = 0; i < 1000; ++i) allocate(256, 16, Kind::scan, nullptr);
  for (int i = 0; i < 100; ++i) allocate(4, 4, Kind::noscan, nullptr);
  allocate(100'000, 16, Kind::noscan, nullptr);
  flush(cache());
  const Statistics after = statistics();
  CHECK(after.mallocs - before.mallocs == 1101);
  CHECK(after.sizes[class_of(256)].mallocs - before.sizes[class_of(256)].mallocs == 1000);
  CHECK(after.sizes[kLargeClass].mallocs - before.sizes[kLargeClass].mallocs == 1);
  CHECK(after.total_bytes - before.total_bytes == 256'000 + 25 * 16 + 13 * kPageBytes);
  CHECK(after.live_bytes - before.live_bytes == after.total_bytes - before.total_bytes);
  CHECK(after.system_bytes == after.in_use_bytes + after.idle_bytes);
  CHECK(after.returned_bytes <= after.idle_bytes);
  collect({});
  flush(cache());
  CHECK(statistics().live_bytes == before.live_bytes);
}
