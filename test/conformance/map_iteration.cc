// Loops over maps, and what may be written meanwhile: Go's promises.
//
// An entry that stays is met once, one that was erased before it was met is not met, one that was
// added is met or not; and the loop begins anywhere.
//
// Not here: maps otherwise (map_basics.cc), random operations (test/properties/maps.cc).

#include "gc_support.h"

#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

using namespace conformance;
using gort::make;
using gort::map;
using gort::new_;
using gort::ptr;
using gort::string;

namespace {

map<int, int> numbered(int count) {
  auto m = make<map<int, int>>();
  for (int i = 0; i < count; ++i) m[i] = i;
  return m;
}
template <class Map>
std::vector<int> keys_in_order(const Map& m) {
  std::vector<int> keys;
  for (auto& [key, value] : m) keys.push_back(key);
  return keys;
}

static_assert(std::input_iterator<map<int, int>::iterator>);

}  // namespace

TEST_CASE("a loop meets every entry once") {
  for (int count : {0, 1, 7, 8, 9, 16, 17, 1000}) {
    const auto m = numbered(count);
    std::multiset<int> met;
    for (auto& [key, value] : m) {
      met.insert(key);
      if (key != value) met.insert(-1);
    }
    CHECK(met.size() == static_cast<std::size_t>(count));
    CHECK(std::set<int>(met.begin(), met.end()).size() == met.size());
  }
}

TEST_CASE("a loop may change the values, by reference or by pointer") {
  const auto m = numbered(100);
  for (auto& [key, value] : m) value = key * 2;
  for (auto [key, value] : m) value += 1;  // a reference, too
  for (auto it = m.begin(); it != m.end(); ++it) it->value += 1;
  int wrong = 0;
  for (auto&& item : m) wrong += item.value != item.key * 2 + 2;
  CHECK(wrong == 0);
}

TEST_CASE("each loop has an order of its own") {
  const auto m = numbered(100);
  const auto small = numbered(8);
  std::set<std::vector<int>> orders, small_orders;
  std::set<int> first;
  for (int i = 0; i < 50; ++i) {
    orders.insert(keys_in_order(m));
    small_orders.insert(keys_in_order(small));
    first.insert((*small.begin()).key);
  }
  CHECK(orders.size() > 5);
  CHECK(small_orders.size() > 2);
  CHECK(first.size() > 2);
  // And two maps with the same entries are in different orders.
  CHECK(keys_in_order(m) != keys_in_order(numbered(100)));
}

TEST_CASE("what a loop erases before it was met is not met") {
  for (int count : {5, 16, 100, 1000}) {
    const auto m = numbered(count);
    std::set<int> met, erased;
    int wrong = 0;
    for (auto& [key, value] : m) {
      wrong += erased.contains(key);
      met.insert(key);
      const int other = (key * 7 + 3) % count;
      if (m.erase(other)) erased.insert(other);
    }
    CHECK(wrong == 0);
    for (int i = 0; i < count; ++i) wrong += !met.contains(i) && !erased.contains(i);
    CHECK(wrong == 0);
  }
}

TEST_CASE("a loop may erase the entry that it is at, and the key stays readable") {
  const auto m = numbered(1000);
  const auto texts = make<map<string, int>>();
  const auto owned = make<map<std::string, std::string>>();
  for (int i = 0; i < 1000; ++i) {
    texts[std::to_string(i)] = i;
    owned[std::to_string(i)] = std::to_string(i);
  }
  int sum = 0, wrong = 0;
  for (auto& [key, value] : m) {
    m.erase(key);
    sum += key;
  }
  CHECK(sum == 999 * 1000 / 2);
  CHECK(m.empty());
  for (auto& [key, value] : texts) {
    const int number = value;
    texts.erase(key);
    wrong += key != std::to_string(number);
  }
  CHECK(texts.empty());
  for (auto& [key, value] : owned) {
    owned.erase(key);
    gort::yield();
    wrong += key != value;
  }
  CHECK(owned.empty());
  CHECK(wrong == 0);
}

TEST_CASE("a loop may add entries, however the map grows, and meets the old ones once") {
  for (int count : {1, 8, 16, 100, 1000}) {
    const auto m = numbered(count);
    std::multiset<int> met;
    int next = 1 << 20;
    for (auto& [key, value] : m) {
      met.insert(key);
      for (int i = 0; i < 10 && m.len() < 20 * count; ++i) m[next++] = 0;
    }
    int wrong = 0;
    for (int i = 0; i < count; ++i) wrong += met.count(i) != 1;
    for (int key : met) wrong += met.count(key) != 1;
    CHECK(wrong == 0);
  }
}

TEST_CASE("a loop that outlives growth gives the values that are now, and skips what is gone") {
  const auto m = numbered(100);
  std::map<int, int> met;
  bool grown = false;
  for (auto& [key, value] : m) {
    met[key] = value;
    if (grown) continue;
    grown = true;
    for (int i = 1000; i < 3000; ++i) m[i] = 0;
    for (int i = 0; i < 50; ++i) m.erase(i);
    for (int i = 50; i < 100; ++i) m[i] = -i;
  }
  int wrong = 0, positive = 0;
  for (int i = 0; i < 100; ++i) {
    const auto found = met.find(i);
    if (found == met.end()) {
      wrong += i >= 50;  // all that stay are met
    } else if (found->second == i && i != 0) {
      ++positive;  // met before all that
    } else {
      wrong += i < 50 && i != 0;
    }
  }
  CHECK(wrong == 0);
  CHECK(positive <= 1);
}

TEST_CASE("a loop over a map that is cleared ends, and meets what is added at most once") {
  const auto m = numbered(100);
  std::multiset<int> met;
  for (auto& [key, value] : m) {
    met.insert(key);
    if (met.size() > 1) continue;
    m.clear();
    for (int i = 200; i < 250; ++i) m[i] = i;
  }
  int wrong = 0;
  bool first = true;
  for (int key : met) {
    wrong += met.count(key) != 1 || (key < 100 && !first);
    first = first && key >= 100;
  }
  CHECK(met.size() <= 51);
  CHECK(wrong == 0);
}

TEST_CASE("a loop may be left and begun again, and loops may be nested") {
  const auto m = numbered(50);
  int rounds = 0;
  for (int i = 0; i < 100; ++i) {
    for (auto& item : m) {
      rounds += item.key == item.value;
      break;
    }
  }
  CHECK(rounds == 100);
  int pairs = 0;
  for (auto& [a, va] : m) {
    for (auto& [b, vb] : m) pairs += a < b;
  }
  CHECK(pairs == 50 * 49 / 2);
}

TEST_CASE("a loop keeps what it walks over while memory is collected") {
  const auto m = make<map<int, ptr<int>>>();
  for (int i = 0; i < 300; ++i) m[i] = new_<int>(i);
  int met = 0, wrong = 0;
  for (auto& [key, value] : m) {
    ++met;
    wrong += *value != key;
    if (met % 50 != 0) continue;
    for (int i = 0; i < 1000; ++i) m[1000 * met + i] = new_<int>(1000 * met + i);
    for (int i = 0; i < 1000; ++i) m.erase(1000 * met + i);
    gort::gc();
    churn_heap(200);
  }
  CHECK(met >= 300);
  CHECK(wrong == 0);
}
