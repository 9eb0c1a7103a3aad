// The page allocator: pages are handed out once, lowest first, and known zeros are zeros.
//
// The allocator is one per process and other tests use it: these take runs, and give all back.
// Not here: what spans are made of them (span_test.cc).
#include "heap/page_alloc.h"

#include <doctest/doctest.h>
#include <sys/mman.h>

#include <cstring>
#include <vector>

#include "base/random.h"
#include "heap/arena.h"
#include "heap/heap.h"

using namespace gort::heap;

namespace {

unsigned char* memory_of(const PageRun& run) {
  return reinterpret_cast<unsigned char*>(address_of_page(run.first));
}
bool is_zero(const PageRun& run) {
  const unsigned char* bytes = memory_of(run);
  for (std::size_t i = 0; i < run.count * kPageBytes; i += 64) {
    if (bytes[i] != 0) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("a table becomes memory from its start on, and ends where it ends") {
  constexpr std::size_t kBytes = std::size_t{1} << 20;
  void* const memory =
      ::mmap(nullptr, 2 * kBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  Table table(memory, kBytes);
  auto* const bytes = static_cast<unsigned char*>(memory);
  for (std::size_t covered : {std::size_t{1}, std::size_t{100'000}, kBytes}) {
    CHECK(table.cover(covered));
    CHECK(bytes[covered - 1] == 0);
    bytes[covered - 1] = 1;
  }
  CHECK(!table.cover(kBytes + 1));
  CHECK(table.cover(kBytes));
  ::munmap(memory, 2 * kBytes);
}

TEST_CASE("a freed run is the next to be handed out when nothing lower has room") {
  boot();
  const PageRun a = allocate_pages(4), b = allocate_pages(4), c = allocate_pages(4);
  free_pages(b.first, b.count);
  const PageRun again = allocate_pages(4);
  CHECK(again.first <= b.first);
  CHECK(again.count == 4);
  free_pages(a.first, a.count);
  free_pages(again.first, again.count);
  free_pages(c.first, c.count);
  check_pages();
}

TEST_CASE("neighbours that are free serve a request that none of them could") {
  boot();
  const std::size_t used = page_statistics().used;
  std::vector<PageRun> runs;
  for (int i = 0; i < 64; ++i) runs.push_back(allocate_pages(100));
  for (const PageRun& run : runs) free_pages(run.first, run.count);
  const PageRun whole = allocate_pages(6400);
  CHECK(whole.first <= runs[0].first);
  free_pages(whole.first, whole.count);
  CHECK(page_statistics().used == used);
  check_pages();
}

TEST_CASE("[HP1] random runs never overlap, and zeros are as promised") {
  boot();
  gort::base::Random random(7);
  const std::size_t used = page_statistics().used;
  std::vector<PageRun> runs;
  int wrong = 0;
  for (int step = 0; step < 4000; ++step) {
    const auto choice = random.below(100);
    if (choice < 50 || runs.empty()) {
      const std::size_t count = choice < 3 ? 1 + random.below(1500) : 1 + random.below(24);
      const PageRun run = allocate_pages(count);
      wrong += run.first == kNoPages || run.count != count;
      if (run.zero) wrong += !is_zero(run);
      for (std::size_t page = 0; page < count; ++page) {  // each page is signed by its run
        std::memcpy(memory_of(run) + page * kPageBytes, &run.first, sizeof run.first);
      }
      runs.push_back(run);
    } else if (choice < 98) {
      const std::size_t which = random.below(static_cast<std::uint32_t>(runs.size()));
      const PageRun run = runs[which];
      for (std::size_t page = 0; page < run.count; ++page) {
        wrong += std::memcmp(memory_of(run) + page * kPageBytes, &run.first, sizeof run.first) != 0;
      }
      free_pages(run.first, run.count);
      runs[which] = runs.back();
      runs.pop_back();
    } else {
      const PageRun idle = take_idle(64);
      if (idle.first == kNoPages) continue;
      CHECK((idle.count <= 64 || idle.first >= kFirstHugePage));
      CHECK(idle.first / kHugePages == (idle.first + idle.count - 1) / kHugePages);
      std::memset(memory_of(idle), 0, idle.count * kPageBytes);
      return_idle(idle);
    }
    if (step % 256 == 0) check_pages();
  }
  CHECK(wrong == 0);
  for (const PageRun& run : runs) free_pages(run.first, run.count);
  CHECK(page_statistics().used == used);
  check_pages();
}

TEST_CASE("a request beyond the arena is refused") {
  boot();
  CHECK(allocate_pages(bounds.bytes / kPageBytes + 1).first == kNoPages);
}

TEST_CASE("a large heap keeps idle memory ready, and a small one does not") {
  boot();
  gort::heap::release_some(SIZE_MAX);
  CHECK(take_unfetched().first == kNoPages);
  const PageRun large = allocate_pages(70'000);  // more than half a gigabyte, which nobody touches
  CHECK(is_short_of_idle());
  const std::size_t idle = page_statistics().idle;
  std::size_t fetched = 0;
  for (PageRun run = take_unfetched(); run.first != kNoPages; run = take_unfetched()) {
    CHECK((run.first + run.count - 1) / kHugePages == run.first / kHugePages);
    CHECK(is_zero(run));
    fetched += run.count;
    free_pages(run.first, run.count);
  }
  CHECK(fetched > 0);
  CHECK(page_statistics().idle == idle + fetched);
  const PageRun next = allocate_pages(4);
  CHECK_FALSE(is_short_of_idle());
  free_pages(next.first, next.count);
  free_pages(large.first, large.count);
  check_pages();
}
