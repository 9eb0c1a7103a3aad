// Giving memory back: idle pages leave, and what comes again is zero.
//
// Residency is the kernel's word (mincore), not our own count. Not here: when (gc/pacer.cc).
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/os_linux.h"
#include "heap/heap_fixture.h"
#include "heap/page_alloc.h"

using namespace gort::heap;

TEST_CASE_FIXTURE(HeapFixture, "all idle memory goes back to the system when asked") {
  auto* object = static_cast<char*>(allocate(16 << 20, 16, Kind::noscan, nullptr));
  std::memset(object, 1, 16 << 20);
  CHECK(gort::base::os::resident_bytes(object, 16 << 20) == 16 << 20);
  collect({});
  CHECK(statistics().idle_bytes - statistics().returned_bytes >= 16 << 20);
  CHECK(release_some(SIZE_MAX) >= 16 << 20);
  CHECK(statistics().idle_bytes == statistics().returned_bytes);
  CHECK(gort::base::os::resident_bytes(object, 16 << 20) == 0);
  CHECK(release_some(SIZE_MAX) == 0);
}

TEST_CASE_FIXTURE(HeapFixture, "a little at a time, from the top") {
  std::vector<char*> objects;
  for (int i = 0; i < 8; ++i) {
    objects.push_back(static_cast<char*>(allocate(1 << 20, 16, Kind::noscan, nullptr)));
    std::memset(objects.back(), 1, 1 << 20);
  }
  release_some(SIZE_MAX);
  collect({objects[0]});
  CHECK(release_some(1 << 20) == 1 << 20);
  char* const highest = *std::max_element(objects.begin(), objects.end());
  CHECK(gort::base::os::resident_bytes(highest, 1 << 20) == 0);
  CHECK(gort::base::os::resident_bytes(objects[0], 1 << 20) == 1 << 20);
}

TEST_CASE_FIXTURE(HeapFixture, "memory that the program has locked stays, and is cleared by hand") {
  constexpr std::size_t kBytes = std::size_t{3} << 20;  // more than is cleared by hand as a rule
  release_some(SIZE_MAX);
  for (int round = 0; round < 2; ++round) {
    auto* object = static_cast<char*>(allocate(kBytes, 16, Kind::noscan, nullptr));
    CHECK(std::count(object, object + kBytes, 0) == kBytes);
    std::memset(object, 1, kBytes);
    char* const locked = object + kBytes / 2 / 8192 * 8192;
    CHECK(::mlock(locked, 8192) == 0);
    collect({});
    if (round == 0) release_some(SIZE_MAX);
    auto* again = static_cast<char*>(allocate(kBytes, 16, Kind::noscan, nullptr));
    CHECK(std::count(again, again + kBytes, 0) == kBytes);
    collect({});
    check_heap();
    ::munlock(locked, 8192);
  }
  release_some(SIZE_MAX);
}

TEST_CASE_FIXTURE(HeapFixture, "the marks of objects that are gone leave memory, and come again") {
  const auto release_all = [] {
    for (std::size_t page = 0; release_marks(page);) {
    }
  };
  const auto resident = [] {
    return gort::base::os::resident_bytes(tables.first_mark, std::size_t{8} << 20);
  };
  release_all();
  const std::size_t before = resident();
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 500'000; ++i) allocate(32, 8, Kind::noscan, nullptr);
#if !defined(GORT_TEST_EMULATED)  // where nothing says what is in memory
    CHECK(resident() > before + 400'000);
#endif
    check_heap();
    collect({});
    flush(cache());
    release_all();
    CHECK(resident() < before + 64 * 1024);
  }
}

TEST_CASE_FIXTURE(HeapFixture, "holes in a cheese of blocks are used again") {
  constexpr std::size_t kBlock = 64 << 10;
  std::vector<void*> blocks, live;
  for (std::size_t i = 0; i < (32 << 20) / kBlock; ++i) {
    blocks.push_back(allocate(kBlock, 16, Kind::noscan, nullptr));
    if (i % 2 == 0) live.push_back(blocks.back());
  }
  collect(live);
  const std::size_t system = statistics().system_bytes;
  for (std::size_t i = 0; i < (16 << 20) / kBlock; ++i) allocate(kBlock, 16, Kind::noscan, nullptr);
  CHECK(statistics().system_bytes == system);
}
