// Maps: making them, reading, writing, erasing, sharing; keys and values of every kind.
//
// Not here: loops over maps (map_iteration.cc), random operations against std::unordered_map
// (test/properties/maps.cc), maps that two goroutines write (test/crash/map_concurrent_writes.cc).

#include "gc_support.h"

#include <array>
#include <cmath>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

using namespace conformance;
using gort::make;
using gort::map;
using gort::new_;
using gort::ptr;
using gort::slice;
using gort::string;
using namespace gort::literals;
using namespace std::string_view_literals;

namespace {

enum class Colour { red, green };
struct Point {
  int x = 0;
  string name;
  bool operator==(const Point&) const = default;
};
struct Badly {  // hashes collide
  std::size_t operator()(int) const { return 42; }
};
struct Modulo10 {
  bool operator()(int a, int b) const { return a % 10 == b % 10; }
};
struct HashModulo10 {
  std::size_t operator()(int a) const { return static_cast<std::size_t>(a % 10); }
};
struct Large {
  std::array<int, 100> numbers{};
  bool operator==(const Large&) const = default;
};
struct Tree {
  map<string, ptr<Tree>> children;
  map<int, Tree> values;
};
// One whose copies and hashes may fail.
struct Delicate {
  int value = 0;
  static inline bool fails = false;
  Delicate(int v) : value(v) {}
  Delicate(const Delicate& other) : value(other.value) {
    if (fails) throw std::runtime_error("no copy");
  }
  Delicate& operator=(const Delicate&) = default;
  bool operator==(const Delicate&) const = default;
};
struct HashDelicate {
  std::size_t operator()(const Delicate& d) const {
    if (d.value < 0) throw std::runtime_error("no hash");
    return static_cast<std::size_t>(d.value);
  }
};

static_assert(sizeof(map<int, int>) == sizeof(void*));
static_assert(std::is_nothrow_copy_constructible_v<map<int, std::string>>);
static_assert(!gort::detail::needs_destructor<map<int, std::string>>);

}  // namespace

TEST_CASE("a nil map reads as empty and refuses to be written") {
  const map<int, int> nil;
  CHECK(nil == nullptr);
  CHECK(nil.len() == 0);
  CHECK(nil.empty());
  CHECK(nil.find(1) == nullptr);
  CHECK_FALSE(nil.contains(1));
  CHECK(nil.get(1) == 0);
  CHECK_FALSE(nil.erase(1));
  nil.clear();
  gort::clear(nil);
  for (auto& [key, value] : nil) CHECK(key != value);
  const char* const text = "assignment to entry in nil map";
  CHECK(thrown_by<gort::runtime_error>([&] { nil[1] = 2; }) == text);
  CHECK(thrown_by<gort::runtime_error>([&] { nil.insert_or_assign(1, 2); }) == text);
  CHECK(thrown_by<gort::runtime_error>([&] { nil.try_emplace(1); }) == text);
  CHECK(make<map<int, int>>() != nullptr);
}

TEST_CASE("a map finds what was put into it") {
  auto m = make<map<int, std::string>>();
  CHECK(m.len() == 0);
  CHECK(m.find(1) == nullptr);
  m[1] = "one";
  CHECK(m.insert_or_assign(2, "two"));
  CHECK_FALSE(m.insert_or_assign(2, "zwei"));
  const auto [three, made] = m.try_emplace(3, 3, 'x');
  CHECK(made);
  CHECK(*three == "xxx");
  CHECK(m.try_emplace(3, "other") == std::pair{three, false});
  CHECK(*m.find(1) == "one");
  CHECK(m.get(2) == "zwei");
  CHECK(gort::len(m) == 3);
  CHECK(m.size() == 3);
  if (std::string* found = m.find(3)) *found += "y";
  CHECK(m[3] == "xxxy");
  // Reading with [] adds, as in C++; with get and find it does not, as in Go.
  CHECK(m[4].empty());
  CHECK(m.len() == 4);
  CHECK(m.get(5).empty());
  CHECK(m.len() == 4);
  CHECK(m.erase(1));
  CHECK_FALSE(m.erase(1));
  CHECK(m.len() == 3);
  CHECK(m.find(1) == nullptr);
  m.clear();
  CHECK(m.empty());
  CHECK(m.find(2) == nullptr);
  m[2] = "again";
  CHECK(m.len() == 1);
}

TEST_CASE("copies of a map share the entries, whoever holds them") {
  map<string, int> a = {{"x", 1}, {"y", 2}};
  const map<string, int> b = a;
  b["z"] = 3;
  CHECK(a.len() == 3);
  const auto add = [a](string key) { a[key] += 10; };  // not mutable: a map is a reference
  add("x");
  CHECK(b["x"] == 11);
  a = nullptr;
  CHECK(a.len() == 0);
  CHECK(b.len() == 3);
  map<string, int> moved = std::move(a);
  moved = b;
  CHECK(moved["y"] == 2);
  CHECK((map<int, int>{{1, 1}, {1, 2}}).len() == 1);
}

TEST_CASE("a map grows and shrinks by any number of entries") {
  constexpr std::uint64_t kFar = std::uint64_t{1} << 50;
  for (std::size_t hint : {std::size_t{0}, std::size_t{7}, std::size_t{8}, std::size_t{1000},
                           static_cast<std::size_t>(-1)}) {
    auto m = make<map<std::uint64_t, std::uint64_t>>(hint);
    const std::uint64_t count = static_cast<std::uint64_t>(scaled(50000));
    int wrong = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      m[i * i] = i;
      wrong += m.size() != i + 1;
    }
    for (std::uint64_t i = 0; i < count; ++i)
      wrong += m.get(i * i) != i || m.contains(i * i + kFar);
    for (std::uint64_t i = 0; i < count; i += 2) wrong += !m.erase(i * i);
    for (std::uint64_t i = 0; i < count; ++i) wrong += m.contains(i * i) != (i % 2 == 1);
    CHECK(m.size() == count / 2);
    // A table that is written and erased for long does not grow.
    for (std::uint64_t i = 0; i < 10 * count; ++i) {
      m[i + kFar] = i;
      wrong += !m.erase(i + kFar);
    }
    CHECK(m.size() == count / 2);
    CHECK(wrong == 0);
  }
}

TEST_CASE("keys may be of many types") {
  auto by_string = make<map<string, int>>();
  by_string["literal"] = 1;
  by_string[std::string("text")] = 2;
  by_string["view"_s] = 3;
  CHECK(*by_string.find(std::string_view("view")) == 3);
  CHECK(by_string.contains("literal"));
  CHECK(by_string.erase("text"));
  CHECK(by_string.get("nothing") == 0);
  auto by_std_string = make<map<std::string, int>>();
  by_std_string["x"] = 1;
  CHECK(by_std_string.contains("x"_s));

  auto by_bool = map<bool, int>{{true, 1}, {false, 0}};
  CHECK(by_bool.len() == 2);
  auto by_char = map<char, char>{{'a', 'b'}};
  CHECK(by_char['a'] == 'b');
  auto by_colour = map<Colour, int>{{Colour::red, 4}};
  CHECK(by_colour[Colour::red] == 4);
  auto by_pair = map<std::pair<int, string>, int>{{{1, "a"}, 5}};
  CHECK(by_pair[{1, "a"}] == 5);
  CHECK_FALSE(by_pair.contains({2, "a"}));
  auto by_tuple = map<std::tuple<int, int, char>, int>{{{1, 2, 'x'}, 6}};
  CHECK(by_tuple[{1, 2, 'x'}] == 6);
  auto by_array = map<std::array<short, 3>, int>{{{1, 2, 3}, 7}};
  CHECK(by_array[{1, 2, 3}] == 7);
  auto by_struct = map<Point, int>{{{1, "p"}, 8}};
  CHECK(by_struct[{1, "p"}] == 8);
  CHECK_FALSE(by_struct.contains({1, "q"}));
  Large large;
  large.numbers[99] = 1;
  auto by_large = map<Large, int>{{large, 9}};
  CHECK(by_large[large] == 9);
  CHECK_FALSE(by_large.contains(Large()));
  const ptr<int> first = new_<int>(1), second = new_<int>(1);
  auto by_pointer = map<ptr<int>, int>{{first, 1}, {second, 2}};
  CHECK(by_pointer[first] == 1);
  CHECK(by_pointer[second.get()] == 2);
}

TEST_CASE("numbers that are equal are one key, and NaN is none") {
  auto m = make<map<double, int>>();
  m[0.0] = 1;
  m[-0.0] = 2;
  CHECK(m.len() == 1);
  CHECK(m[0.0] == 2);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (int i = 0; i < 1000; ++i) m[nan] = i;
  CHECK(m.len() == 1001);
  CHECK(m.find(nan) == nullptr);
  CHECK_FALSE(m.erase(nan));
  int met = 0;
  for (auto& [key, value] : m) met += std::isnan(key);
  CHECK(met == 1000);
  m.clear();
  CHECK(m.len() == 0);
}

TEST_CASE("a map may be told how to hash and compare") {
  map<int, int, Badly> slow = make<map<int, int, Badly>>();
  for (int i = 0; i < 500; ++i) slow[i] = i;
  for (int i = 0; i < 500; i += 3) slow.erase(i);
  int wrong = 0;
  for (int i = 0; i < 500; ++i) wrong += slow.contains(i) != (i % 3 != 0);
  CHECK(wrong == 0);
  auto classes = make<map<int, int, HashModulo10, Modulo10>>();
  for (int i = 0; i < 100; ++i) ++classes[i];
  CHECK(classes.len() == 10);
  CHECK(classes[7] == 10);
}

TEST_CASE("texts that look alike have different hashes, whatever the seed") {
  const gort::map_hash<string> hash;
  int same = 0;
  for (std::uint64_t seed : {0x1ull, 0x243f6a8885a308d3ull, 0xffffffffffffffffull}) {
    std::set<std::uint64_t> hashes;
    int count = 0;
    for (int i = 0; i < scaled(20000); ++i, count += 3) {
      const std::string number = std::to_string(i);
      hashes.insert(hash(number, seed));
      hashes.insert(hash("/usr/include/" + number + ".h", seed));
      hashes.insert(hash(std::string(static_cast<std::size_t>(i % 999 + 1), '\0') + number, seed));
    }
    for (int i = 0; i < 999; ++i) same += hash(std::to_string(i), seed) == hash("", seed);
    same += count - static_cast<int>(hashes.size());
  }
  CHECK(same == 0);
}

TEST_CASE("values may be maps, slices, and what has a destructor") {
  auto nested = make<map<string, map<string, int>>>();
  nested["a"] = make<map<string, int>>();
  nested["a"]["b"] = 1;
  CHECK(nested["a"]["b"] == 1);
  CHECK_THROWS_AS(nested["c"]["d"] = 1, gort::runtime_error);
  auto lists = make<map<int, slice<int>>>();
  for (int i = 0; i < 100; ++i) lists[i % 10] = gort::append(lists[i % 10], i);
  CHECK(lists[3].len() == 10);
  CHECK(lists[3][9] == 93);
  auto owners = make<map<int, std::unique_ptr<int>>>();
  for (int i = 0; i < 100; ++i) owners[i] = std::make_unique<int>(i);
  CHECK(*owners[42] == 42);
  CHECK(owners.insert_or_assign(7, nullptr) == false);
  auto strings = make<map<std::string, std::vector<std::string>>>();
  for (int i = 0; i < 100; ++i) strings[std::to_string(i % 10)].push_back(std::to_string(i));
  CHECK(strings["4"].size() == 10);
  Tree tree;
  tree.children = {{"left", new_<Tree>()}};
  tree.values = {{1, Tree()}, {2, tree}};
  CHECK(tree.values[2].children["left"] == tree.children["left"]);
}

TEST_CASE("what was erased or overwritten stays valid memory for who holds it") {
  auto m = make<map<int, std::string>>();
  m[1] = "a text that is long enough to be elsewhere";
  const std::string* const held = m.find(1);
  const auto numbers = make<map<int, int>>();
  numbers[1] = 5;
  int* const number = numbers.find(1);
  for (int i = 2; i < 1000; ++i) m[i] = "", numbers[i] = i;
  m.erase(1);
  numbers.clear();
  gort::gc();
  churn_heap(1000);
  CHECK(*held == "a text that is long enough to be elsewhere");
  *number = 6;
  CHECK(numbers.len() == 0);
}

TEST_CASE("values with destructors end after they were erased or their map died") {
  using Mortal = MortalOf<struct ErasedOrDead>;
  const int broken = Mortal::broken;
  elsewhere([] {
    auto m = make<map<int, Mortal>>();
    for (int i = 0; i < 200; ++i) m.try_emplace(i, static_cast<std::uint64_t>(i));
    for (int i = 0; i < 100; ++i) m.erase(i);
    for (int i = 300; i < 400; ++i) m.try_emplace(i, static_cast<std::uint64_t>(i));
  });
  CHECK(after_collections([] { return Mortal::ended >= 295; }));
  CHECK(Mortal::ended <= 300);
  CHECK(Mortal::broken == broken);
}

TEST_CASE("what keys and values throw leaves the map as it was") {
  auto m = make<map<Delicate, Delicate, HashDelicate>>();
  for (int i = 0; i < 7; ++i) m.try_emplace(Delicate(i), i);
  CHECK_THROWS_AS(m.contains(Delicate(-1)), std::runtime_error);
  CHECK_THROWS_AS(m.try_emplace(Delicate(-1), 1), std::runtime_error);
  CHECK_THROWS_AS(m.erase(Delicate(-1)), std::runtime_error);
  const Delicate seven(7);
  Delicate::fails = true;
  CHECK_THROWS_AS(m.try_emplace(seven, 7), std::runtime_error);
  CHECK_THROWS_AS(m.insert_or_assign(seven, seven), std::runtime_error);
  Delicate::fails = false;
  CHECK(m.len() == 7);
  CHECK_FALSE(m.contains(seven));
  CHECK(m.try_emplace(seven, 70).second);
  int wrong = 0;
  for (int i = 0; i < 7; ++i) wrong += m.find(Delicate(i))->value != i;
  CHECK(wrong == 0);
  CHECK(m.find(seven)->value == 70);
}

TEST_CASE("many goroutines may read one map") {
  auto m = make<map<int, int>>();
  for (int i = 0; i < 1000; ++i) m[i] = i;
  std::atomic<int> wrong{0};
  gort::wait_group readers;
  for (int r = 0; r < 8; ++r) {
    readers.go([&wrong, m] {
      int sum = 0;
      for (int i = 0; i < 1000; ++i) wrong += m.get(i) != i;
      for (auto& [key, value] : m) sum += value;
      wrong += sum != 999 * 1000 / 2;
    });
  }
  readers.wait();
  CHECK(wrong == 0);
}

namespace {
// Makes a key, but is none by itself: neither hashed nor compared.
struct Path {
  std::string text;
  operator std::string() const { return text; }
};
struct HashText {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>()(text);
  }
};
template <class T>
struct HashShy {
  std::size_t operator()(const T& key) const { return static_cast<std::size_t>(key.number); }
};
}  // namespace

TEST_CASE("keys and values may have an operator& of their own, or none") {
  struct Shy {
    int number = 0;
    void operator&() const = delete;
    bool operator==(const Shy& other) const { return number == other.number; }
  };
  auto m = make<map<Shy, Shy, HashShy<Shy>>>();
  for (int i = 0; i < 100; ++i) m[Shy{i}] = Shy{i * i};
  CHECK(m.find(Shy{9})->number == 81);
  CHECK(m.erase(Shy{9}));
  int sum = 0;
  for (auto&& [key, value] : m) sum += value.number - key.number;
  CHECK(sum == 328'350 - 81 - (4'950 - 9));
}

TEST_CASE("what converts to a key is looked up as one") {
  auto m = make<map<std::string, int>>();
  const Path path{"a/b"};
  const std::filesystem::path file = "a/b";
  m[path] = 1;
  m[file] += 1;
  CHECK(m["a/b"] == 2);
  CHECK(*m.find(path) == 2);
  CHECK(m.contains(file));
  CHECK(m.erase(file));
  map<std::string, int, HashText> with_hash = {{"a/b", 3}};
  CHECK(with_hash.get(path) == 3);
  CHECK(with_hash.get("a/b"sv) == 3);
}
