// Pools under constant collection: eight goroutines and a few threads put and get, of several
// kinds of values, while pools come and go.
//
// Every value that comes out is whole, is nobody else's, and every one that was made ends once.

#include "stress.h"

#include <memory>

namespace {

using namespace stress;
using gort::pool;
using gort::ptr;

struct Counted {
  static inline std::atomic<std::int64_t> alive{0};
  explicit Counted(std::uint64_t n) : number(n) { ++alive; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --alive; }

  std::uint64_t number;
  std::atomic<bool> in_use{false};
};

struct Mixed {
  ptr<Item> item;
  Item* plain = nullptr;
  std::unique_ptr<Counted> counted;
};

struct Pools {
  pool<Item*> plain;
  pool<ptr<Item>> handles;
  pool<std::unique_ptr<Counted>> counted;
  pool<Mixed> mixed;
};

template <class Handle>
bool use_one(Random& random, pool<Handle>& items) {
  Handle item = items.get();
  if (item == nullptr) item = new_item(random.next());
  hesitate(random);
  const bool wrong = !item->is_whole();
  if (!random.one_in(10)) items.put(item);
  return wrong;
}

int use(Random& random, Pools& pools) {
  int wrong = 0;
  switch (random.below(4)) {
    case 0: wrong += use_one<Item*>(random, pools.plain); break;
    case 1: wrong += use_one<ptr<Item>>(random, pools.handles); break;
    case 2: {
      auto counted = pools.counted.get();
      if (counted == nullptr) counted = std::make_unique<Counted>(random.next());
      wrong += counted->in_use.exchange(true);
      hesitate(random);
      counted->in_use = false;
      pools.counted.put(std::move(counted));
      break;
    }
    default: {
      Mixed mixed = pools.mixed.get();
      if (mixed.item == nullptr) {
        mixed.item = mixed.plain = new_item(random.next());
        mixed.counted = std::make_unique<Counted>(mixed.item->number);
      }
      hesitate(random);
      wrong += !mixed.plain->is_whole() || mixed.item != mixed.plain ||
               mixed.counted->number != mixed.plain->number;
      pools.mixed.put(std::move(mixed));
    }
  }
  return wrong;
}

}  // namespace

TEST_CASE("pools are used, made and destroyed under constant collection") {
  Program program("gc pools");
  std::atomic<int> wrong{0};
  {
    Weather weather(program.random());
    gort::wait_group collecting;
    std::atomic<bool> over{false};
    collecting.go([&] {
      while (!over) gort::gc();
    });
    while (!program.over()) {
      auto pools = std::make_unique<Pools>();
      Crowd crowd(program.random());
      for (int i = 0; i < 8; ++i) {
        crowd.start([&](Random& random) {
          for (int round = 0; round < 300; ++round) wrong += use(random, *pools);
        });
      }
      crowd.join();
    }
    over = true;
    collecting.wait();
  }
  CHECK(wrong == 0);
  while (Counted::alive != 0 && wrong == 0) gort::gc();
}
