// std containers in collected memory, by gort::allocator.
//
// Not here: gort's own containers.

#include "gc_support.h"

#include <algorithm>
#include <deque>
#include <forward_list>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <new>
#include <numeric>
#include <ranges>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

using namespace conformance;
using gort::allocator;
using gort::new_;
using gort::ptr;

namespace {

struct Box {
  explicit Box(int v = 0) : value(v) {}
  int value;
};
using Boxes = std::vector<ptr<Box>, allocator<ptr<Box>>>;
using Text = std::basic_string<char, std::char_traits<char>, allocator<char>>;
template <class K, class V>
using Map = std::map<K, V, std::less<>, allocator<std::pair<const K, V>>>;
template <class K, class V>
using HashMap =
    std::unordered_map<K, V, std::hash<K>, std::equal_to<>, allocator<std::pair<const K, V>>>;

// A tree whose nodes know their parents: each vector is part of cycles.
struct Tree {
  explicit Tree(Tree* up) : parent(up) {}
  ptr<Tree> parent;
  std::vector<ptr<Tree>, allocator<ptr<Tree>>> children;
  Mortal mortal;
};

struct Group {
  Boxes boxes;
  ptr<Box> first;
};
static_assert(!gort::detail::needs_destructor<Group>);
static_assert(!gort::detail::needs_destructor<std::vector<Group, allocator<Group>>>);
static_assert(gort::detail::needs_destructor<Text>);
static_assert(gort::detail::needs_destructor<std::vector<Mortal, allocator<Mortal>>>);
static_assert(allocator<int>() == allocator<Box>());

Boxes global;

void collect_and_reuse() {
  for (int i = 0; i < 2; ++i) {
    gort::gc();
    churn_heap(scaled(2'000));
  }
}

template <class Container>
int sum_of(const Container& boxes) {
  return std::accumulate(boxes.begin(), boxes.end(), 0,
                         [](int sum, const ptr<Box>& box) { return sum + box->value; });
}

}  // namespace

TEST_CASE("vectors and deques keep their elements wherever they are themselves") {
  auto in_malloc = std::make_unique<Boxes>();
  Boxes on_stack;
  std::deque<ptr<Box>, allocator<ptr<Box>>> deque;
  ptr<Group> in_heap = new_<Group>();
  const int count = 1000;
  elsewhere([&] {
    for (int i = 0; i < count; ++i) {
      global.push_back(new_<Box>(i));
      in_malloc->push_back(new_<Box>(i));
      on_stack.push_back(new_<Box>(i));
      in_heap->boxes.push_back(new_<Box>(i));
      if (i % 2 == 0)
        deque.push_back(new_<Box>(i));
      else
        deque.push_front(new_<Box>(i));
    }
  });
  collect_and_reuse();
  const int expected = count * (count - 1) / 2;
  CHECK(sum_of(global) == expected);
  CHECK(sum_of(*in_malloc) == expected);
  CHECK(sum_of(on_stack) == expected);
  CHECK(sum_of(in_heap->boxes) == expected);
  CHECK(sum_of(deque) == expected);
  global = Boxes();
}

TEST_CASE("node-based containers keep their elements") {
  std::list<ptr<Box>, allocator<ptr<Box>>> list;
  std::forward_list<ptr<Box>, allocator<ptr<Box>>> forward;
  std::set<ptr<Box>, std::less<>, allocator<ptr<Box>>> set;
  Map<int, ptr<Box>> map;
  HashMap<std::string, ptr<Box>> hashed;
  std::shared_ptr<ptr<Box>> shared;
  const int count = 500;
  elsewhere([&] {
    for (int i = 0; i < count; ++i) {
      list.push_back(new_<Box>(i));
      forward.push_front(new_<Box>(i));
      set.insert(new_<Box>(i));
      map[i] = new_<Box>(i);
      hashed[std::to_string(i)] = new_<Box>(i);
    }
    shared = std::allocate_shared<ptr<Box>>(allocator<ptr<Box>>(), new_<Box>(42));
  });
  collect_and_reuse();
  list.sort([](const auto& a, const auto& b) { return a->value > b->value; });
  const int expected = count * (count - 1) / 2;
  CHECK(sum_of(list) == expected);
  CHECK(sum_of(forward) == expected);
  CHECK(sum_of(set) == expected);
  int wrong = 0;
  for (const auto& [key, box] : map) wrong += box->value != key;
  for (const auto& [key, box] : hashed) wrong += std::to_string(box->value) != key;
  CHECK(wrong == 0);
  CHECK((*shared)->value == 42);
}

TEST_CASE("cycles through vectors are collected") {
  const int ended = Mortal::ended, broken = Mortal::broken;
  elsewhere([] {
    for (int i = 0; i < 100; ++i) {
      Tree* const root = new_<Tree>(nullptr);
      for (int j = 0; j < 5; ++j) root->children.push_back(new_<Tree>(root));
    }
  });
  CHECK(after_collections([&] { return Mortal::ended - ended >= 540; }));
  CHECK(Mortal::broken == broken);
}

TEST_CASE("vectors are changed in every way while memory is collected") {
  ConstantCollection collecting;
  std::atomic<int> wrong{0};
  gort::wait_group workers;
  for (int g = 0; g < 4; ++g) {
    workers.go([&wrong] {
      ptr<Group> group = new_<Group>();
      std::vector<int> shadow;
      std::uint32_t random = 12345;
      for (int i = 0; i < scaled(4'000); ++i) {
        random = random * 1664525 + 1013904223;
        Boxes& boxes = group->boxes;
        const std::size_t at = shadow.empty() ? 0 : random % shadow.size();
        const auto place = static_cast<std::ptrdiff_t>(at);
        switch (random >> 29) {
          case 0:
            if (!shadow.empty()) {
              boxes.erase(boxes.begin() + place);
              shadow.erase(shadow.begin() + place);
            }
            break;
          case 1:
            boxes.insert(boxes.begin() + place, new_<Box>(i));
            shadow.insert(shadow.begin() + place, i);
            break;
          case 2: {
            Boxes copy(boxes);
            boxes.swap(copy);
            break;
          }
          case 3:
            std::reverse(boxes.begin(), boxes.end());
            std::reverse(shadow.begin(), shadow.end());
            break;
          case 4: boxes.shrink_to_fit(); break;
          default: boxes.push_back(new_<Box>(i)); shadow.push_back(i);
        }
      }
      wrong += !std::equal(group->boxes.begin(), group->boxes.end(), shadow.begin(), shadow.end(),
                           [](const ptr<Box>& box, int value) { return box->value == value; });
    });
  }
  workers.wait();
  CHECK(wrong == 0);
}

TEST_CASE("strings, vectors of bool and of numbers work") {
  Text text("short");
  text += ", and then so long that it is allocated";
  Text copy = text;
  copy.replace(0, 5, "s");
  CHECK(text == "short, and then so long that it is allocated");
  CHECK(copy == "s, and then so long that it is allocated");
  std::vector<bool, allocator<bool>> bits(1000);
  bits[500] = true;
  bits.resize(5000, true);
  std::vector<std::uint64_t, allocator<std::uint64_t>> numbers(1000);
  std::iota(numbers.begin(), numbers.end(), std::uint64_t{0});
  Map<Text, Text> texts;
  texts[text] = copy;
  collect_and_reuse();
  CHECK(std::count(bits.begin(), bits.end(), true) == 4001);
  CHECK(std::accumulate(numbers.begin(), numbers.end(), std::uint64_t{0}) == 499'500);
  CHECK(texts.begin()->second == copy);
}

TEST_CASE("an allocator refuses what is more than there can be") {
  allocator<std::uint64_t> numbers;
  CHECK_THROWS_AS(static_cast<void>(numbers.allocate(std::numeric_limits<std::size_t>::max() / 4)),
                  std::bad_array_new_length);
  CHECK_THROWS_AS(Boxes(std::numeric_limits<std::size_t>::max() / 8), std::length_error);
  CHECK(std::allocator_traits<allocator<int>>::max_size(allocator<int>()) > 0);
  auto memory = numbers.allocate(10);
  CHECK(memory[9] == 0);
  numbers.deallocate(memory, 10);
}

TEST_CASE("a vector in collected memory is a contiguous range") {
  Boxes boxes;
  for (int i = 0; i < 3; ++i) boxes.push_back(new_<Box>(i));
  static_assert(std::ranges::contiguous_range<Boxes>);
  std::span<ptr<Box>> span(boxes);
  CHECK(span.size() == 3);
  CHECK(span[2]->value == 2);
  CHECK(std::to_address(boxes.begin()) == boxes.data());
  const std::vector<int, allocator<int>> numbers{1, 2, 3};
  const std::span<const int> all = numbers;
  CHECK(std::accumulate(all.begin(), all.end(), 0) == 6);
}
