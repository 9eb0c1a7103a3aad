// Slices that grow, are copied and cleared; with elements of every kind.
//
// Not here: indices and bounds (slice_basics.cc), random operations against std::vector
// (test/properties/slices.cc).

#include "gc_support.h"

#include <algorithm>
#include <array>
#include <forward_list>
#include <memory>
#include <ranges>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

using namespace conformance;
using gort::append;
using gort::append_range;
using gort::make;
using gort::new_;
using gort::ptr;
using gort::slice;

namespace {

// Counts the values of its kind, and copies: a copy may fail.
struct Counted {
  explicit Counted(int v = 0) : value(v) { ++alive; }
  Counted(const Counted& other) : value(other.value) {
    if (copies_left-- == 0) throw std::string("no copy");
    ++alive;
  }
  Counted& operator=(const Counted&) = default;
  ~Counted() { --alive; }

  int value;
  static inline std::atomic<int> alive{0};
  static inline int copies_left = -1;
};

}  // namespace

TEST_CASE("append writes where there is room, and others see it") {
  const auto whole = make<slice<int>>(3, 4);
  const slice<int> a = append(whole, 7);
  CHECK(a.len() == 4);
  CHECK(a.data() == whole.data());
  CHECK(whole(0, 4)[3] == 7);
  const slice<int> b = append(whole, 8);
  CHECK(a[3] == 8);
  const slice<int> c = append(b, 9);  // no room: elsewhere
  c[0] = 1;
  CHECK(b[0] == 0);
  CHECK(c[3] == 8);
  CHECK(c[4] == 9);
  // A third index keeps append from writing behind.
  const slice<int> apart = append(whole(0, 2, 2), 5);
  CHECK(whole[2] == 0);
  CHECK(apart[2] == 5);
}

TEST_CASE("append takes any number of values, and whole ranges") {
  slice<int> s;
  s = append(s);
  CHECK(s == nullptr);
  s = append(s, 1, 2, 3);
  s = append(s, slice<int>{4, 5});
  s = append(s, std::vector<int>{6});
  s = append(s, std::forward_list<int>{7, 8});
  s = append(s, s);
  CHECK(s.len() == 16);
  int wrong = 0;
  for (std::size_t i = 0; i < 16; ++i) wrong += s[i] != static_cast<int>(i % 8) + 1;
  CHECK(wrong == 0);
  std::istringstream text("9 10 11");
  s = append_range(s, std::views::istream<int>(text));
  CHECK(s[18] == 11);
  slice<std::string> texts = append(slice<std::string>(), "a", std::string("b"));
  texts = append(texts, std::vector<const char*>{"c", "d"});
  CHECK(texts[3] == "d");
  CHECK(append(slice<char>(), std::string_view("bytes")).len() == 5);
}

TEST_CASE("append of an element of the same slice appends what it was") {
  slice<std::string> s = {"a long text that does not fit into the string itself"};
  for (int i = 0; i < 10; ++i) s = append(s, s[0]);
  int wrong = 0;
  for (const std::string& text : s) wrong += text != s[0];
  CHECK(wrong == 0);
  CHECK(s.len() == 11);
}

TEST_CASE("append reads all that it is given before it writes any of it") {
  const auto first = [](auto&& s, std::size_t count) {
    return std::vector(s.data(), s.data() + count);
  };
  {
    slice<int> s = {1, 2, 3, 4};
    CHECK(first(append(s(0, 1), 9, s[1]), 3) == std::vector{1, 9, 2});
  }
  {
    slice<int> s = {1, 2, 3};
    CHECK(first(append(s(0, 0), s[1], s[2], s[0]), 3) == std::vector{2, 3, 1});
  }
  {
    slice<gort::string> s = {"a", "b"};
    const auto swapped = append(s(0, 0), s[1], s[0]);
    CHECK(swapped[0] == "b");
    CHECK(swapped[1] == "a");
  }
  {
    slice<int> s = {1, 2, 3, 4};
    CHECK(first(append_range(s(0, 1), std::views::reverse(s(0, 3))), 4) ==
          std::vector{1, 3, 2, 1});
  }
  {
    slice<int> s = {1, 2, 3, 4};
    const auto tenfold = s(0, 3) | std::views::transform([](int x) { return x * 10; });
    CHECK(first(append(s(0, 1), tenfold), 4) == std::vector{1, 10, 20, 30});
  }
  // In place all the same, where others see it.
  slice<int> s = make<slice<int>>(1, 8);
  const auto longer = append_range(s, std::views::iota(5, 8));
  CHECK(s(0, 4)[3] == 7);
  CHECK(&longer[0] == &s[0]);
}

TEST_CASE("what can only be moved is taken before the array moves") {
  slice<std::unique_ptr<int>> s = append(slice<std::unique_ptr<int>>(), std::make_unique<int>(1));
  while (s.len() < s.cap()) s = append(s, nullptr);
  s = append(s, std::move(s[0]));
  CHECK(s[0] == nullptr);
  const std::unique_ptr<int>& last = s[static_cast<std::size_t>(s.len() - 1)];
  CHECK(last != nullptr);
  CHECK(*last == 1);
}

TEST_CASE("the room grows as Go's, and appending is cheap in all") {
  slice<int> s;
  int moves = 0;
  const int* at = nullptr;
  for (int i = 0; i < 100000; ++i) {
    s = append(s, i);
    moves += s.data() != at;
    at = s.data();
  }
  CHECK(moves < 60);
  CHECK(s.cap() < 100000 * 5 / 4 + 1000);
  int wrong = 0;
  for (int i = 0; i < 100000; ++i) wrong += s[static_cast<std::size_t>(i)] != i;
  CHECK(wrong == 0);
  // Twice as much while it is small; what the memory has room for is room.
  CHECK(append(make<slice<std::uint64_t>>(100), std::uint64_t{1}).cap() >= 200);
  CHECK(append(make<slice<std::uint64_t>>(100), std::uint64_t{1}).cap() <= 230);
  CHECK(append(slice<char>(), 'x').cap() >= 8);
  CHECK(append(make<slice<int>>(10), make<slice<int>>(1000)).cap() >= 1010);
}

TEST_CASE("elements that only move are appended and moved when the array is full") {
  slice<std::unique_ptr<int>> s;
  for (int i = 0; i < 100; ++i) s = append(s, std::make_unique<int>(i));
  int wrong = 0;
  for (int i = 0; i < 100; ++i) wrong += *s[static_cast<std::size_t>(i)] != i;
  CHECK(wrong == 0);
}

TEST_CASE("elements with constructors are made and copied as they should be") {
  slice<Counted> s;
  for (int i = 0; i < 50; ++i) s = append(s, Counted(i));
  int sum = 0;
  for (const Counted& c : s) sum += c.value;
  CHECK(sum == 49 * 50 / 2);
  // A copy that fails leaves the slice as it was.
  const slice<Counted> full = s(0, 50, 50);
  Counted::copies_left = 20;
  CHECK_THROWS_AS(static_cast<void>(append(full, Counted(50))), std::string);
  Counted::copies_left = -1;
  CHECK(full.len() == 50);
  CHECK(full[49].value == 49);
}

TEST_CASE("every element that was made for an array is ended when it dies, once") {
  using Mortal = MortalOf<struct OfArrays>;
  const int before = Mortal::broken;
  elsewhere([] {
    for (int i = 0; i < 100; ++i) {
      const auto three = make<slice<Mortal>>(1, 3);
      static_cast<void>(three);
    }
  });
  CHECK(after_collections([] { return Mortal::ended >= 290; }));
  CHECK(Mortal::ended <= 300);
  CHECK(Mortal::broken == before);
}

TEST_CASE("copy copies what both have room for, overlapping or not") {
  const slice<int> s = {0, 1, 2, 3, 4, 5};
  CHECK(gort::copy(s(2), s) == 4);
  CHECK(std::ranges::equal(s, std::array{0, 1, 0, 1, 2, 3}));
  CHECK(gort::copy(s, s(3)) == 3);
  CHECK(std::ranges::equal(s, std::array{1, 2, 3, 1, 2, 3}));
  const auto shorter = make<slice<int>>(2);
  CHECK(gort::copy(shorter, s) == 2);
  CHECK(shorter[1] == 2);
  CHECK(gort::copy(s, nullptr) == 0);

  const slice<std::string> texts = {"a", "b", "c"};
  CHECK(gort::copy(texts(1), texts) == 2);
  CHECK(std::ranges::equal(texts, std::array{"a", "a", "b"}));

  // More than is moved in one piece.
  const int count = 10000;
  const auto pointers = make<slice<ptr<int>>>(count);
  for (int i = 0; i < count; ++i) pointers[static_cast<std::size_t>(i)] = new_<int>(i);
  CHECK(gort::copy(pointers(3), pointers) == count - 3);
  int wrong = 0;
  for (int i = 3; i < count; ++i) wrong += *pointers[static_cast<std::size_t>(i)] != i - 3;
  CHECK(gort::copy(pointers, pointers(5)) == count - 5);
  for (int i = 0; i < count - 5; ++i) {
    wrong += *pointers[static_cast<std::size_t>(i)] != std::max(i + 5 - 3, i + 5 < 3 ? i + 5 : 0);
  }
  CHECK(wrong == 0);
}

TEST_CASE("clear makes all elements T{}") {
  const slice<int> s = {1, 2, 3};
  gort::clear(s(1));
  CHECK(std::ranges::equal(s, std::array{1, 0, 0}));
  const slice<std::string> texts = {"a", "b"};
  gort::clear(texts);
  CHECK(texts[1].empty());
  const slice<ptr<int>> pointers = {new_<int>(1), new_<int>(2)};
  gort::clear(pointers);
  CHECK(pointers[0] == nullptr);
}

TEST_CASE("slices live in any memory and keep their elements") {
  static slice<ptr<int>> global;
  auto in_malloc = std::make_unique<slice<ptr<int>>>();
  std::vector<slice<ptr<int>>> in_vector(10);
  elsewhere([&] {
    global = {new_<int>(1)};
    *in_malloc = {new_<int>(2)};
    for (int i = 0; i < 10; ++i) {
      in_vector[static_cast<std::size_t>(i)] = append(slice<ptr<int>>(), new_<int>(i));
    }
  });
  gort::gc();
  churn_heap(1000);
  in_vector.resize(100);  // they move
  gort::gc();
  churn_heap(1000);
  CHECK(*global[0] == 1);
  CHECK(*(*in_malloc)[0] == 2);
  int wrong = 0;
  for (int i = 0; i < 10; ++i) wrong += *in_vector[static_cast<std::size_t>(i)][0] != i;
  CHECK(wrong == 0);
  global = nullptr;
}
