// Handles by the hundred thousand in std containers, in malloc'd memory, made, copied, moved and
// destroyed by several goroutines and threads while collections run.
//
// Each handle that is alive refers to a whole object with the number that the container's model
// says; when all containers are gone, nothing of them is left in the heap.

#include "stress.h"

#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <unordered_map>

namespace {

using namespace stress;
using gort::ptr;

struct Boxed {
  std::uint64_t number;
  ptr<Item> item;
};

int use_vector(Random& random, int rounds) {
  std::vector<ptr<Item>> items;
  std::vector<std::uint64_t> model;
  for (int i = 0; i < rounds; ++i) {
    if (!items.empty() && random.one_in(3)) {
      const auto at = static_cast<std::ptrdiff_t>(random.below(static_cast<int>(items.size())));
      if (random.one_in(50)) {
        items.erase(items.begin(), items.begin() + at);
        model.erase(model.begin(), model.begin() + at);
      } else {
        std::swap(items[static_cast<std::size_t>(at)], items.back());
        std::swap(model[static_cast<std::size_t>(at)], model.back());
        items.pop_back();
        model.pop_back();
      }
    } else {
      model.push_back(random.next());
      items.push_back(new_item(model.back()));
    }
  }
  auto moved = std::move(items);
  const auto copied = moved;
  int wrong = 0;
  for (std::size_t i = 0; i < model.size(); ++i) {
    wrong += !moved[i]->is(model[i]) || !copied[i]->is(model[i]);
  }
  return wrong;
}

int use_trees(Random& random, int rounds) {
  std::map<std::uint64_t, ptr<Item>> sorted;
  std::unordered_map<std::uint64_t, Boxed> hashed;
  for (int i = 0; i < rounds; ++i) {
    const auto key = static_cast<std::uint64_t>(random.below(5'000));
    if (random.one_in(3)) {
      sorted.erase(key);
      hashed.erase(key);
    } else {
      sorted[key] = new_item(key);
      hashed[key] = {key, new_item(key + 1)};
    }
  }
  int wrong = 0;
  for (const auto& [key, item] : sorted) wrong += !item->is(key);
  for (const auto& [key, box] : hashed) wrong += box.number != key || !box.item->is(key + 1);
  return wrong;
}

int use_queues(Random& random, int rounds) {
  std::list<ptr<Item>> list;
  std::deque<ptr<Item>> deque;
  std::uint64_t put = 0, taken = 0;
  int wrong = 0;
  for (int i = 0; i < rounds; ++i) {
    if (put > taken && random.one_in(2)) {
      wrong += !list.front()->is(taken) || !deque.front()->is(taken);
      list.pop_front();
      deque.pop_front();
      ++taken;
    } else {
      list.push_back(new_item(put));
      deque.push_back(new_item(put));
      ++put;
    }
  }
  return wrong;
}

int use_closures(Random& random, int rounds) {
  std::vector<std::function<bool()>> closures;
  std::vector<std::shared_ptr<Boxed>> shared;
  for (int i = 0; i < rounds; ++i) {
    const std::uint64_t number = random.next();
    closures.push_back([number, item = ptr<Item>(new_item(number))] { return item->is(number); });
    shared.push_back(std::make_shared<Boxed>(Boxed{number, new_item(number)}));
    if (closures.size() > 1'000 && random.one_in(500)) {
      closures.erase(closures.begin(), closures.begin() + 500);
      shared.resize(shared.size() / 2);
    }
  }
  int wrong = 0;
  for (const auto& closure : closures) wrong += !closure();
  for (const auto& box : shared) wrong += !box->item->is(box->number);
  return wrong;
}

}  // namespace

TEST_CASE("handles in std containers are right, by the hundred thousand") {
  Program program("handles");
  std::atomic<int> wrong{0};
  std::atomic<bool> over{false};
  gort::wait_group collecting;
  collecting.go([&over] {
    while (!over.load()) {
      gort::gc();
      gort::sleep(1ms);
    }
  });
  {
    Crowd crowd(program.random());
    for (int i = 0; i < 8; ++i) {
      crowd.start([&](Random& random) {
        while (!program.over()) {
          switch (random.below(4)) {
            case 0: wrong += use_vector(random, 20'000); break;
            case 1: wrong += use_trees(random, 20'000); break;
            case 2: wrong += use_queues(random, 20'000); break;
            default: wrong += use_closures(random, 10'000); break;
          }
        }
      });
    }
  }
  over = true;
  collecting.wait();
  CHECK(wrong.load() == 0);
  CHECK([] {
    for (int i = 0; i < 1'000; ++i) {
      gort::gc();
      if (gort::read_mem_stats().heap_alloc < (std::uint64_t{32} << 20)) return true;
      gort::sleep(1ms);
    }
    return false;
  }());
}
