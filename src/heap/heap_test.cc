// The heap's door: bodies are aligned, apart from each other, and returned.
//
// Not here: exhaustion, which ends the process (test/crash).
#include "heap/heap.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <vector>

// base/ leaves it to the scheduler to define; here there is none.
namespace gort::sched {
struct Thread {};
extern "C" {
Thread gort_unattached_thread;
}
}  // namespace gort::sched

TEST_CASE("bodies of all sizes and alignments are aligned and do not overlap") {
  struct Block {
    unsigned char* body;
    std::size_t bytes;
    unsigned char fill;
  };
  std::vector<Block> blocks;
  unsigned char fill = 0;
  for (std::size_t align = 1; align <= 4096; align *= 2) {
    for (std::size_t bytes : {1u, 8u, 63u, 64u, 65u, 128u, 1000u, 5000u}) {
      auto* body = static_cast<unsigned char*>(gort::heap::allocate(bytes, align));
      CHECK(reinterpret_cast<std::uintptr_t>(body) % align == 0);
      std::memset(body, ++fill, bytes);
      blocks.push_back({body, bytes, fill});
    }
  }
  int wrong = 0;
  for (const Block& block : blocks) {
    for (std::size_t i = 0; i < block.bytes; ++i) wrong += block.body[i] != block.fill;
    gort::heap::release(block.body);
  }
  CHECK(wrong == 0);
}
