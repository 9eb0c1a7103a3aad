// Memory that the runtime gives back by hand: large functions of goroutines, tasks, contexts.
//
// It is looked through by the collector like a stack, word by word, plain pointers included. So
// what such a function has must be found before the function can move it elsewhere, and nothing is
// to be kept by a function that is gone.
// What fits into a goroutine's record is gone with the goroutine, too, though records are used
// again. Not here: that it lives as long -> gc_reachability.cc.

#include "gc_support.h"

#include <array>
#include <string>
#include <vector>

using namespace conformance;
using gort::new_;
using gort::ptr;

namespace {

struct Node {
  ptr<Node> next;
  std::uint64_t word;
};
// So that marking takes its time.
Node* new_list(int length) {
  Node* first = nullptr;
  for (int i = 0; i < length; ++i) {
    Node* const node = new_<Node>();
    node->next = first;
    first = node;
  }
  return first;
}

// Too large for a goroutine's record. Takes what it has, forgets it, and looks after the cycle.
struct Taker {
  Cell* thing;
  std::uint64_t number;
  std::atomic<int>* right;
  gort::wait_group* done;
  std::array<char, 200> padding{};

  void operator()() {
    Cell* const mine = thing;
    thing = nullptr;
    asm volatile("" : : : "memory");
    while (gort::detail::is_marking()) gort::yield();
    for (int i = 0; i < 2'000; ++i) new_cell(0xdead);
    *right += mine->holds(number);
    done->done();
  }
};

[[gnu::noinline]] void start_takers(int count, std::atomic<int>& right, gort::wait_group& done) {
  for (int i = 0; i < count; ++i) {
    const auto number = static_cast<std::uint64_t>(i);
    done.add(1);
    gort::go(Taker{new_cell(number), number, &right, &done});
  }
}

}  // namespace

TEST_CASE("what a large function has is found before it runs") {
  Processors one(1);
  const ptr<Node> list = new_list(scaled(100'000));
  for (int round = 0; round < 5; ++round) {
    std::atomic<int> right{0};
    gort::wait_group done;
    start_takers(20, right, done);
    wipe_stack();
    gort::gc();
    done.wait();
    CHECK(right.load() == 20);
  }
  gort::keep_alive(list);
}

TEST_CASE("a function that is gone keeps nothing") {
  struct Tag;
  using Mine = MortalOf<Tag>;
  constexpr int kCount = 300;
  elsewhere([] {
    gort::wait_group done;
    // All at once, and so each in memory of its own.
    gort::chan<int> go_on = gort::make<gort::chan<int>>();
    for (int i = 0; i < kCount; ++i) {
      done.go([mine = ptr<Mine>(new_<Mine>()), go_on, padding = std::array<char, 200>()] {
        go_on.recv();
        gort::keep_alive(mine);
        static_cast<void>(padding);
      });
    }
    go_on.close();
    done.wait();
  });
  CHECK(nearly_all_end<Mine>(kCount));
}

TEST_CASE("goroutines that have ended keep nothing of what they captured") {
  struct Tag;
  using Mine = MortalOf<Tag>;
  constexpr int kCount = 1'000;
  elsewhere([] {
    gort::wait_group done;
    // All at once, and so each in a record of its own.
    const gort::chan<int> go_on = gort::make<gort::chan<int>>();
    for (int i = 0; i < kCount; ++i) {
      done.go([mine = gort::ptr<Mine>(new_<Mine>()), go_on] {
        go_on.recv();
        gort::keep_alive(mine);
      });
    }
    go_on.close();
    done.wait();
  });
  CHECK(nearly_all_end<Mine>(kCount));
}

TEST_CASE("a text made by hand that many refer to is looked through once, not by each of them") {
  using Text = std::basic_string<char, std::char_traits<char>, gort::allocator<char>>;
  const Text text(std::size_t{10} << 20, 'x');
  const gort::chan<int> go_on = gort::make<gort::chan<int>>();
  gort::wait_group done;
  std::atomic<int> right{0};
  const int goroutines = scaled(10'000);
  for (int i = 0; i < goroutines; ++i) {
    done.go([&right, go_on, at = text.data() + i] {
      go_on.recv();
      right += *at == 'x';
    });
  }
  collect_and_churn();  // without end, were it otherwise
  go_on.close();
  done.wait();
  CHECK(right.load() == goroutines);
}
