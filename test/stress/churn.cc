// Churn: goroutines born and ended by the ten thousand, in random families, with stacks of every
// depth.
//
// Each goroutine may have children, recurse, park at the bottom, throw there, end by goexit, block,
// or lock its thread. Whatever happened, every one that was started ends, and every frame finds its
// locals as it left them.

#include "stress.h"

#include <memory>
#include <stdexcept>

namespace {

using namespace stress;

struct Family {
  gort::wait_group alive;
  std::atomic<int> started{0};
  std::atomic<int> ended{0};
  std::atomic<int> wrong{0};
  std::atomic<int> budget{0};  // how many may still be started
};

struct AtTheBottom : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Goes `depth` frames of about 300 bytes down and does something there that may switch, throw, or
// end the goroutine. Every frame checks itself on the way back, if there is one.
[[gnu::noinline]] void descend(Family& family, Random& random, int depth) {
  volatile std::uint64_t mine[32];
  const std::uint64_t tag = random.next();
  for (auto& word : mine) word = tag;
  struct Check {
    volatile std::uint64_t (&words)[32];
    std::uint64_t tag;
    Family& family;
    ~Check() {
      for (auto& word : words) family.wrong += word != tag;
    }
  } check{mine, tag, family};
  if (depth > 0) {
    descend(family, random, depth - 1);
    return;
  }
  switch (random.below(8)) {
    case 0: throw AtTheBottom("here");
    case 1: gort::goexit();
    case 2: gort::sleep(std::chrono::microseconds(random.below(2'000))); break;
    case 3: gort::blocking([] {}); break;
    default: hesitate(random);
  }
}

int random_depth(Random& random) {
  if (random.one_in(200)) return random.below(1'200);  // some 400 KB
  if (random.one_in(10)) return random.below(300);
  return random.below(12);
}

void start_member(Family& family, Random random);

void live(Family& family, Random& random) {
  gort::defer end{[&] {
    ++family.ended;
    family.alive.done();
  }};
  for (int i = random.below(4); i > 0; --i) start_member(family, random.child());
  const bool locked = random.one_in(100);
  if (locked) gort::lock_os_thread();  // and now and then it ends so, with its thread
  for (int i = random.below(3); i >= 0; --i) {
    try {
      descend(family, random, random_depth(random));
    } catch (const AtTheBottom& e) {
      hesitate(random);
      family.wrong += std::string_view(e.what()) != "here";
    }
  }
  if (locked && random.one_in(2)) gort::unlock_os_thread();
}

void start_member(Family& family, Random random) {
  if (family.budget.fetch_sub(1) <= 0) return;
  ++family.started;
  family.alive.add(1);
  gort::go([&family, random]() mutable { live(family, random); });
}

void family_round(Random& random) {
  Family family;
  family.budget = random.between(10, 5'000);
  Crowd ancestors(random);
  for (int i = random.between(1, 4); i > 0; --i) {
    ancestors.start([&](Random& mine) {
      for (int n = 0; n < 5; ++n) start_member(family, mine.child());
    });
  }
  ancestors.join();
  family.alive.wait();
  CHECK(family.started.load() == family.ended.load());
  CHECK(family.wrong.load() == 0);
}

// Tasks in a tree, each the sum of its children's results; some fail, and the failure climbs.
long sum_of_tree(Random random, int height) {
  if (height == 0) {
    hesitate(random);
    if (random.one_in(200)) throw AtTheBottom("leaf");
    return 1;
  }
  auto left = gort::spawn(sum_of_tree, random.child(), height - 1);
  auto right = gort::spawn(sum_of_tree, random.child(), height - 1);
  try {
    const long sum = left.get();
    return sum + right.get();
  } catch (const AtTheBottom&) {
    // A task that is dropped before it fails has nobody to tell: its failure would end the process.
    // So right is waited for, here, with the failure of left in flight.
    if (right.valid()) right.wait();
    throw;
  }
}

}  // namespace

TEST_CASE("families of goroutines with stacks of every depth are born and end") {
  Program program("churn");
  Weather weather(program.random());
  while (!program.over()) family_round(program.random());
}

TEST_CASE("trees of tasks give their sum or the failure of a leaf") {
  Program program("task trees");
  Weather weather(program.random());
  while (!program.over()) {
    const int height = program.random().between(0, 9);
    long sum = 1L << height;
    try {
      sum = sum_of_tree(program.random().child(), height);
    } catch (const AtTheBottom&) {
    }
    CHECK(sum == 1L << height);
  }
}
