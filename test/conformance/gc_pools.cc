// pool and the collector: what stays for a collection, what goes with the second, and how it dies.
//
// Builds that collect at every refill (GODEBUG=gcstress) empty a pool at any moment: what must be
// there after one collection is only asked for where no other has come between.

#include <gort/pool.hpp>

#include "gc_support.h"

#include <memory>
#include <thread>
#include <vector>

using namespace conformance;
using gort::new_;
using gort::pool;
using gort::ptr;

namespace {

std::uint64_t cycles() { return gort::read_mem_stats().num_gc; }

// Whether there was something to get `collections` after something was put; asks again if others
// have come between.
template <class Fill, class Find>
bool finds(Fill fill, Find find, std::uint64_t collections) {
  for (;;) {
    const auto before = cycles();
    fill();
    for (std::uint64_t i = 0; i < collections; ++i) gort::gc();
    const bool found = find();
    if (cycles() == before + collections) return found;
  }
}

pool<int> of_the_program;  // made before main

}  // namespace

TEST_CASE("a pool keeps what was put through one collection, and nothing through two") {  // 56
  const GcPercent off(-1);
  pool<int> numbers;
  const auto fill = [&] {
    for (int i = 1; i <= 100; ++i) numbers.put(i);
  };
  const auto find = [&] { return numbers.get() != 0; };
  CHECK(finds(fill, find, 0));
  CHECK(finds(fill, find, 1));
  fill();
  gort::gc();
  gort::gc();
  CHECK_FALSE(find());
}

TEST_CASE("a pool at namespace scope is emptied as well") {
  const GcPercent off(-1);
  CHECK(finds([] { of_the_program.put(1); }, [] { return of_the_program.get() == 1; }, 1));
  of_the_program.put(1);
  gort::gc();
  gort::gc();
  CHECK(of_the_program.get() == 0);
}

TEST_CASE("what is put between two collections survives the second") {
  const GcPercent off(-1);
  pool<int> numbers;
  const auto fill = [&] { numbers.put(2); };
  const auto find = [&] { return numbers.get() == 2; };
  for (int round = 0; round < 3; ++round) {
    numbers.put(1);
    gort::gc();
    CHECK(finds(fill, find, 1));
    CHECK(numbers.get() == 0);
  }
}

TEST_CASE("a pool that nobody uses lets go of its values, and their destructors run") {
  struct Tag {};
  using Mortal = MortalOf<Tag>;
  constexpr int kValues = 100;
  pool<std::unique_ptr<Mortal>> idle;
  for (int i = 0; i < kValues; ++i) idle.put(std::make_unique<Mortal>());
  CHECK(after_collections([] { return Mortal::ended.load() == kValues; }));
  CHECK(Mortal::broken == 0);
  CHECK(idle.get() == nullptr);
}

TEST_CASE("the destructors of what was dropped run on a goroutine that may wait") {
  struct Waits {
    gort::chan<int> begun, go_on;
    std::shared_ptr<std::atomic<int>> ended;
    ~Waits() {
      if (!ended) return;
      begun.send(1);
      (void)go_on.recv();
      ++*ended;
    }
    Waits() = default;
    Waits(Waits&&) = default;
  };
  const auto begun = gort::make<gort::chan<int>>(1), go_on = gort::make<gort::chan<int>>();
  const auto ended = std::make_shared<std::atomic<int>>(0);
  pool<Waits> values;
  elsewhere([&] {
    Waits value;
    value.begun = begun;
    value.go_on = go_on;
    value.ended = ended;
    values.put(std::move(value));
  });
  CHECK(after_collections([&] { return begun.len() == 1; }));
  gort::gc();  // others go on meanwhile
  CHECK(ended->load() == 0);
  go_on.send(1);
  CHECK(eventually([&] { return ended->load() == 1; }));
}

TEST_CASE("a pool of plain pointers keeps the objects, and forgets those that were taken") {
  struct Tag {};
  using Mortal = MortalOf<Tag>;
  constexpr std::uint64_t kValues = 50;
  pool<Mortal*> objects;
  for (std::uint64_t i = 0; i < kValues; ++i) objects.put(new_<Mortal>(i));
  collect_and_churn();  // twice: nobody holds them now but, perhaps, the pool's older half
  for (std::uint64_t i = 0; i < kValues; ++i) objects.put(new_<Mortal>(i));
  churn_heap(scaled(2'000));
  int broken = 0;
  std::vector<ptr<Mortal>> taken;
  while (Mortal* const object = objects.get()) {
    broken += object->check != Mortal::kWhole;
    taken.push_back(object);
  }
  CHECK(broken == 0);
  taken.clear();
  CHECK(after_collections([] { return Mortal::ended.load() >= 90; }));
  CHECK(Mortal::broken == 0);
}

TEST_CASE("a value that is taken while the collector marks is kept by who has it") {
  const ConstantCollection collecting;
  pool<Cell*> cells;
  int wrong = 0;
  for (int round = 0; round < scaled(3'000); ++round) {
    for (std::uint64_t i = 0; i < 10; ++i) cells.put(new_cell(i));
    while (Cell* const cell = cells.get()) {
      churn_heap(1);
      wrong += !cell->holds(cell->value);
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("a pool in a collected object ends with it, its values once each") {
  struct Tag {};
  using Mortal = MortalOf<Tag>;
  struct Holder {
    pool<std::unique_ptr<Mortal>> values;
  };
  constexpr int kHolders = 20, kValues = 5;
  elsewhere([] {
    for (int h = 0; h < kHolders; ++h) {
      auto* const holder = new_<Holder>();
      for (int i = 0; i < kValues; ++i) holder->values.put(std::make_unique<Mortal>());
    }
  });
  CHECK(after_collections([] { return Mortal::ended.load() == kHolders * kValues; }));
  gort::gc();
  gort::gc();
  CHECK(Mortal::ended.load() == kHolders * kValues);
  CHECK(Mortal::broken == 0);
}

TEST_CASE("pools in collected objects do not keep each other") {
  struct Tag {};
  using Mortal = MortalOf<Tag>;
  struct Holder {
    pool<int> numbers;
    Mortal mortal;
  };
  ptr<Holder> first, last;
  elsewhere([&] {
    first = new_<Holder>();
    for (int i = 0; i < 50; ++i) gort::keep_alive(new_<Holder>());
    last = new_<Holder>();
  });
  CHECK(after_collections([] { return Mortal::ended.load() >= 40; }));
  CHECK(first->mortal.check == Mortal::kWhole);
  CHECK(last->mortal.check == Mortal::kWhole);
}

TEST_CASE("pools are made and destroyed while collections run") {
  const ConstantCollection collecting;
  std::atomic<int> wrong{0};
  gort::wait_group all;
  for (int g = 0; g < 4; ++g) {
    all.go([&] {
      for (int i = 0; i < scaled(500); ++i) {
        std::vector<std::unique_ptr<pool<std::unique_ptr<int>>>> pools(5);
        for (auto& it : pools) it = std::make_unique<pool<std::unique_ptr<int>>>();
        for (auto& it : pools) it->put(std::make_unique<int>(i));
        pools.erase(pools.begin() + i % 5);
        for (auto& it : pools) {
          const auto value = it->get();
          wrong += value != nullptr && *value != i;
        }
        if (i % 20 == 0) gort::yield();
      }
    });
  }
  all.wait();
  CHECK(wrong.load() == 0);
}

TEST_CASE("threads that gort does not know put and get") {
  const ConstantCollection collecting;
  pool<Cell*> cells;
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < scaled(2'000); ++i) {
        if (Cell* const cell = cells.get()) wrong += !cell->holds(cell->value);
        cells.put(new_cell(static_cast<std::uint64_t>(i)));
      }
    });
  }
  gort::blocking([&] {
    for (auto& thread : threads) thread.join();
  });
  CHECK(wrong.load() == 0);
}

TEST_CASE("values of any size and kind go through a pool") {
  struct alignas(64) Wide {
    std::uint64_t words[8] = {};
    ~Wide() { words[0] = 1; }
  };
  struct Large {
    char bytes[100'000] = {};
  };
  pool<Wide> wide;
  pool<Large> large;
  pool<std::string> texts;
  pool<bool> flags;
  int wrong = 0;
  for (std::uint64_t i = 1; i <= 40; ++i) {
    Wide value;
    value.words[7] = i;
    wide.put(value);
    texts.put(std::string(i, 'x'));
    flags.put(true);
  }
  for (int i = 0; i < 3; ++i) large.put(Large{{'a', 'b'}});
  for (int i = 0; i < 40; ++i) {
    const Wide value = wide.get();
    wrong += reinterpret_cast<std::uintptr_t>(&value) % 64 != 0 || value.words[7] > 40;
    wrong += texts.get().find_first_not_of('x') != std::string::npos;
    (void)flags.get();
  }
  const Large got = large.get();
  wrong += got.bytes[0] != 0 && got.bytes[1] != 'b';
  CHECK(wrong == 0);
}
