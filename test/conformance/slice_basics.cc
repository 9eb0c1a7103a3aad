// Slices as values: making them, indexing, cutting, ranges, and what goes wrong.
//
// Not here: growing and copying (slice_growth.cc), random operations against std::vector
// (test/properties/slices.cc), that what elements refer to is kept (gc_mutation.cc).

#include "support.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <ranges>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

using namespace conformance;
using gort::make;
using gort::ptr;
using gort::slice;

namespace {

template <class F>
std::string error_of(F&& f) {
  return thrown_by<gort::runtime_error>(std::forward<F>(f));
}

// What refers to itself by value: T is incomplete where slice<T> is named.
struct Tree {
  int value = 0;
  slice<Tree> children;
};
int sum_of(const Tree& tree) {
  int sum = tree.value;
  for (const Tree& child : tree.children) sum += sum_of(child);
  return sum;
}

static_assert(std::ranges::contiguous_range<slice<int>>);
static_assert(std::ranges::borrowed_range<slice<int>>);
static_assert(std::ranges::sized_range<const slice<ptr<int>>>);
static_assert(std::is_convertible_v<slice<int>, std::span<int>>);
static_assert(std::is_convertible_v<slice<int>, std::span<const int>>);
static_assert(std::is_nothrow_default_constructible_v<slice<std::string>>);
static_assert(std::is_nothrow_copy_constructible_v<slice<std::string>>);
static_assert(sizeof(slice<int>) == 3 * sizeof(void*));
static_assert(!gort::detail::needs_destructor<slice<std::string>>);

}  // namespace

TEST_CASE("a slice is made with a length, and with room") {
  const auto three = make<slice<int>>(3);
  CHECK(three.len() == 3);
  CHECK(three.cap() == 3);
  CHECK(std::ranges::equal(three, std::array{0, 0, 0}));
  const auto roomy = make<slice<int>>(2, 10);
  CHECK(gort::len(roomy) == 2);
  CHECK(gort::cap(roomy) == 10);
  const slice<std::string> texts = {"a", "b"};
  CHECK(texts.len() == 2);
  CHECK(texts[1] == "b");
  const std::vector<int> numbers = {1, 2, 3};
  const slice<int> copied(numbers);
  CHECK(std::ranges::equal(copied, numbers));
  const slice<long> from_range(std::views::iota(0, 5));
  CHECK(std::ranges::equal(from_range, std::array{0, 1, 2, 3, 4}));
}

TEST_CASE("elements begin as T{}, also those that only room is made for") {
  struct Seven {
    int value = 7;
    std::string text = "seven";
  };
  const auto some = make<slice<Seven>>(2, 5);
  CHECK(some[1].value == 7);
  CHECK(some(0, 5)[4].value == 7);
  CHECK(some(0, 5)[4].text == "seven");
  const auto nested = make<slice<slice<int>>>(2);
  CHECK(nested[0] == nullptr);
  CHECK(make<slice<double>>(1)[0] == 0);
  CHECK(make<slice<ptr<int>>>(1)[0] == nullptr);
}

TEST_CASE("a nil slice is empty and good for everything but indexing") {
  slice<int> nil;
  CHECK(nil == nullptr);
  CHECK(nil.len() == 0);
  CHECK(nil.cap() == 0);
  CHECK(nil.empty());
  for (int x : nil) CHECK(x != x);
  CHECK(nil(0) == nullptr);
  CHECK(nil(0, 0) == nullptr);
  CHECK(nil(0, 0, 0) == nullptr);
  CHECK(gort::copy(nil, slice<int>{1}) == 0);
  gort::clear(nil);
  CHECK(gort::append(nil) == nullptr);
  CHECK(gort::append(nil, 5)[0] == 5);
  CHECK(error_of([&] { nil[0] = 1; }) == "index out of range [0] with length 0");
  // What was made is not nil, however short.
  CHECK(make<slice<int>>(0) != nullptr);
  CHECK(make<slice<int>>(0).len() == 0);
  CHECK(slice<int>{1, 2}(1, 1) != nullptr);
  nil = {4, 5};
  CHECK(nil.len() == 2);
  nil = nullptr;
  CHECK(nil == nullptr);
}

TEST_CASE("an index that is out of range throws Go's text") {
  const auto s = make<slice<int>>(3, 8);
  s[2] = 5;
  CHECK(s[2] == 5);
  CHECK(error_of([&] { s[3] = 1; }) == "index out of range [3] with length 3");
  CHECK(error_of([&] { s[5] = 1; }) == "index out of range [5] with length 3");
  int minus = -1;
  CHECK(error_of([&] { s[static_cast<std::size_t>(minus)] = 1; }) == "index out of range [-1]");
  CHECK_THROWS_AS(s[3], gort::panic_error);
}

TEST_CASE("bounds that are out of range throw Go's texts") {
  const auto s = make<slice<int>>(3, 8);
  const auto at = [](int i) { return static_cast<std::size_t>(i); };
  CHECK(error_of([&] { s(0, 9); }) == "slice bounds out of range [:9] with capacity 8");
  CHECK(error_of([&] { s(0, at(-2)); }) == "slice bounds out of range [:-2]");
  CHECK(error_of([&] { s(4, 2); }) == "slice bounds out of range [4:2]");
  CHECK(error_of([&] { s(at(-1), 2); }) == "slice bounds out of range [-1:]");
  CHECK(error_of([&] { s(4); }) == "slice bounds out of range [4:3]");
  CHECK(error_of([&] { s(0, 2, 9); }) == "slice bounds out of range [::9] with capacity 8");
  CHECK(error_of([&] { s(0, 2, at(-9)); }) == "slice bounds out of range [::-9]");
  CHECK(error_of([&] { s(0, 5, 4); }) == "slice bounds out of range [:5:4]");
  CHECK(error_of([&] { s(3, 2, 4); }) == "slice bounds out of range [3:2:]");
  CHECK(error_of([&] { s(at(-3), 2, 4); }) == "slice bounds out of range [-3::]");
}

TEST_CASE("lengths and capacities that cannot be are refused") {
  const auto length = [](auto n) {
    return error_of([=] { static_cast<void>(make<slice<int>>(n)); });
  };
  CHECK(length(-1) == "makeslice: len out of range");
  CHECK(length(std::size_t{1} << 47) == "makeslice: len out of range");
  CHECK(length(~std::size_t{0} / 2) == "makeslice: len out of range");
  const auto both = [](auto n, auto m) {
    return error_of([=] { static_cast<void>(make<slice<int>>(n, m)); });
  };
  CHECK(both(-1, -1) == "makeslice: len out of range");
  CHECK(both(3, 2) == "makeslice: cap out of range");
  CHECK(both(0, -1) == "makeslice: cap out of range");
  CHECK(both(1, std::size_t{1} << 60) == "makeslice: cap out of range");
}

TEST_CASE("cutting shares the elements and keeps the room behind") {
  const slice<int> s = {0, 1, 2, 3, 4, 5};
  const slice<int> middle = s(2, 4);
  CHECK(std::ranges::equal(middle, std::array{2, 3}));
  CHECK(middle.cap() == 4);
  middle[0] = 20;
  CHECK(s[2] == 20);
  CHECK(std::ranges::equal(middle(0, 4), std::array{20, 3, 4, 5}));
  CHECK(std::ranges::equal(s(4), std::array{4, 5}));
  const slice<int> limited = s(1, 3, 3);
  CHECK(limited.len() == 2);
  CHECK(limited.cap() == 2);
  const slice<int> end = s(6);
  CHECK(end.len() == 0);
  CHECK(end.cap() == 0);
  CHECK(end != nullptr);
  CHECK(s(6, 6).empty());
}

TEST_CASE("copies of a slice are the same elements, and length is each one's own") {
  slice<int> a = {1, 2, 3};
  slice<int> b = a;
  b[0] = 9;
  CHECK(a[0] == 9);
  b = b(0, 1);
  CHECK(a.len() == 3);
  slice<int> moved = std::move(a);
  CHECK(moved.len() == 3);
  CHECK(a.len() == 3);  // moving copies
  const slice<const int> constant = slice<const int>::over(moved.data(), moved.size());
  CHECK(constant[0] == 9);
  static_assert(std::is_same_v<decltype(constant[0]), const int&>);
}

TEST_CASE("a slice is a range like any other") {
  const slice<int> s = {3, 1, 2};
  std::ranges::sort(s);
  CHECK(std::ranges::equal(s, std::array{1, 2, 3}));
  CHECK(std::accumulate(s.begin(), s.end(), 0) == 6);
  for (int& x : s) x *= 2;
  CHECK(s[2] == 6);
  const auto sum = [](std::span<const int> numbers) {
    return std::accumulate(numbers.begin(), numbers.end(), 0);
  };
  CHECK(sum(s) == 12);
  CHECK(sum(s(1)) == 10);
  std::vector<int> back(s.begin(), s.end());
  CHECK(back == std::vector<int>{2, 4, 6});
  int expected = 0;
  for (int x : s | std::views::reverse | std::views::take(1)) expected = x;
  CHECK(expected == 6);
}

TEST_CASE("a type may hold slices of itself") {
  Tree tree{1, {Tree{2, {}}, Tree{3, {Tree{4, {}}}}}};
  CHECK(sum_of(tree) == 10);
  tree.children = gort::append(tree.children, Tree{5, {}}, tree);
  CHECK(sum_of(tree) == 1 + 2 + 3 + 4 + 5 + 10);
  const Tree copy = tree;
  copy.children[0].value = 100;
  CHECK(tree.children[0].value == 100);
  static_assert(!gort::detail::needs_destructor<Tree>);
}

TEST_CASE("elements may be aligned to more than memory usually is") {
  struct alignas(128) Wide {
    char bytes[128];
  };
  auto s = make<slice<Wide>>(3);
  for (int i = 0; i < 20; ++i) s = gort::append(s, Wide());
  int misaligned = 0;
  for (Wide& wide : s) misaligned += reinterpret_cast<std::uintptr_t>(&wide) % 128 != 0;
  CHECK(misaligned == 0);
}

TEST_CASE("a literal is appended without the zero that ends it") {
  slice<char> bytes("abc");
  CHECK(bytes.len() == 3);
  bytes = gort::append(bytes, "de");
  bytes = gort::append_range(bytes, "\0f");  // one among the characters is one of them
  CHECK(std::string(bytes.begin(), bytes.end()) == std::string("abcde\0f", 7));
  CHECK(gort::append(bytes, "").len() == 7);
  const char unended[] = {'x', 'y'};
  CHECK(gort::append(bytes, unended).len() == 9);
  char variable[] = {'z', 0};
  CHECK(gort::append(bytes, variable).len() == 9);  // an array of two
  CHECK(slice<char32_t>(U"ab").len() == 2);
  CHECK(slice<unsigned char>("ab").len() == 2);
  const int numbers[] = {1, 0};
  CHECK(slice<int>(numbers).len() == 2);
}
