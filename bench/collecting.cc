// Collections: what a complete one costs when there is much to keep. All with the automatic ones
// off, and the shortest of three, in ms.
//
//   full_tree          a binary tree of 16,777,215 nodes of 48 bytes, built depth first
//   full_lists         200,000 doubly linked circular lists of 100 nodes of 48 bytes each,
//                      neighbours in memory
//   full_lists_random  the same, with the nodes of each list anywhere in memory
//   parked             beside 1,000,000 goroutines that wait for a channel. full_parked is the
//                      collection; stop_parked_* are its single stops of the world, in us
//   returned           what the process holds (resident pages and page tables) after the lists are
//                      dropped, a collection and free_os_memory()
//
// The shape of the heap is in live_heap.h.

#include "gort_heap.h"
#include "live_heap.h"
#include "stops.h"

namespace {

using bench::GortHeap;
using bench::scaled;

void parked() {
  const std::int64_t count = scaled(1000000, 1000);
  auto gate = gort::make<gort::chan<gort::unit>>();
  gort::wait_group waiting, done;
  waiting.add(count);
  done.add(count);
  for (std::int64_t i = 0; i < count; i++) {
    gort::go([gate, &waiting, &done] {
      waiting.done();
      gate.recv();
      done.done();
    });
  }
  waiting.wait();
  gort::gc();
  const bench::Stops before;
  const double best = bench::collect_best_of_3<GortHeap>();
  for (int i = 0; i < 7; i++) gort::gc();
  const auto [median, longest] = bench::Stops().since(before);
  gate.close();
  done.wait();
  bench::Hash hash;
  hash.add(static_cast<std::uint64_t>(count));
  bench::report("full_parked", best, "ms", hash);
  bench::report("stop_parked_p50", median, "us", hash);
  bench::report("stop_parked_longest", longest, "us", hash);
}

[[gnu::noinline]] std::uint64_t build_and_drop() {
  const auto lists = static_cast<std::size_t>(scaled(200000, 200));
  auto heads = bench::build_lists<GortHeap>(lists, false);
  return bench::lists_sum<GortHeap>(heads, lists);
}

void returned() {
  bench::Hash hash;
  hash.add(build_and_drop());
  gort::gc();
  gort::free_os_memory();
  bench::report("resident_returned", bench::memory_bytes() / 1e6, "MB", hash);
}

constexpr bench::Benchmark kAll[] = {
    {"full_tree", bench::full_tree<GortHeap>},
    {"full_lists", bench::full_lists<GortHeap>},
    {"full_lists_random", bench::full_lists_random<GortHeap>},
    {"parked", parked},
    {"returned", returned},
};

}  // namespace

int main(int argc, char** argv) {
  return gort::run([&] { return bench::run_named(argc, argv, kAll); });
}
