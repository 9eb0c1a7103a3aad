// A map beside a std::map, with keys and values of every kind; loops that write meanwhile included.
//
// Keys and values stand for numbers (Element), which is what the std::map has.
// Not here: who makes the programs (maps.cc, test/fuzz/maps.cc).
#pragma once

#include <map>
#include <set>

#include "test/properties/operations.h"

namespace property {

template <class K, class V>
class MapModel {
  using KeyOf = Element<K>;
  using ValueOf = Element<V>;

 public:
  void run(const Operation& op) {
    switch (op.kind % 16) {
      case 0:
      case 1: set(op.a % 50, op.b); break;
      case 2: set(op.a, op.b); break;
      case 3: expect(map_.erase(KeyOf::of(op.a % 50)) == (model_.erase(op.a % 50) != 0)); break;
      case 4: look_up(op.a % 60); break;
      case 5: place(op.a % 60, op.b); break;
      case 6: increase(op.a % 60, op.b); break;
      case 7: fill(op.a, op.b % 300); break;
      case 8: drain(op.a, op.b % 300); break;
      case 9: walk(op.b, 1); break;
      case 10: walk(op.b, 4); break;
      case 11: other_ = map_; break;
      case 12: change_other(op.a % 50, op.b); break;
      case 13: begin_anew(op); break;
      case 14:
        if (op.a % 4 == 0) collect();
        break;
      case 15:
        if (op.a % 8 == 0) map_.clear(), model_.clear();
        break;
    }
    expect(map_.size() == model_.size());
  }

  void finish() const {
    std::set<unsigned> met;
    for (auto& [key, value] : map_) {
      const unsigned number = KeyOf::number(key);
      expect(met.insert(number).second);
      const auto found = model_.find(number);
      expect(found != model_.end());
      expect(ValueOf::number(value) == found->second);
    }
    expect(met.size() == model_.size());
  }

 private:
  void set(unsigned key, unsigned value) {
    const bool made = map_.insert_or_assign(KeyOf::of(key), ValueOf::of(value));
    expect(made == model_.insert_or_assign(key, value).second);
  }
  void look_up(unsigned key) {
    const V* const found = map_.find(KeyOf::of(key));
    const auto expected = model_.find(key);
    expect((found != nullptr) == (expected != model_.end()));
    expect(map_.contains(KeyOf::of(key)) == (found != nullptr));
    if (found != nullptr) expect(ValueOf::number(*found) == expected->second);
  }
  void place(unsigned key, unsigned value) {
    const auto [at, made] = map_.try_emplace(KeyOf::of(key), ValueOf::of(value));
    const auto [expected, expected_made] = model_.try_emplace(key, value);
    expect(made == expected_made);
    expect(ValueOf::number(*at) == expected->second);
  }
  void increase(unsigned key, unsigned value) {
    V& at = map_[KeyOf::of(key)];
    unsigned& expected = model_[key];
    expect(ValueOf::number(at) == expected);
    at = ValueOf::of(value);
    expected = value;
  }
  void fill(unsigned from, unsigned count) {
    for (unsigned i = 0; i < count; ++i) set(from + i * 3, i);
  }
  void drain(unsigned from, unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      expect(map_.erase(KeyOf::of(from + i)) == (model_.erase(from + i) != 0));
    }
  }
  // Another handle writes to the same entries, if it still is one of them.
  void change_other(unsigned key, unsigned value) {
    if (other_ == nullptr || other_.find(KeyOf::of(key)) == nullptr) return;
    V* const mine = map_.find(KeyOf::of(key));
    V* const others = other_.find(KeyOf::of(key));
    if (mine != others) return;
    *others = ValueOf::of(value);
    model_[key] = value;
  }
  void begin_anew(const Operation& op) {
    if (op.a % 4 != 0) return;
    map_ = gort::make<gort::map<K, V>>(op.b % 100);
    model_.clear();
  }

  // A loop that does `writes` things at each entry, and what Go promises about it.
  void walk(unsigned seed, unsigned writes) {
    Numbers numbers(seed);
    const std::map<unsigned, unsigned> before = model_;
    std::set<unsigned> touched;  // erased or added since
    std::set<unsigned> met;
    unsigned budget = 500;
    for (auto& [key, value] : map_) {
      const unsigned number = KeyOf::number(key);
      expect(model_.count(number) == 1);  // what is not there any more is not met
      expect(ValueOf::number(value) == model_[number]);
      expect(met.insert(number).second || touched.contains(number));
      for (unsigned i = 0; i < writes && budget > 0; ++i, --budget) {
        const unsigned other = numbers.below(2) == 0 ? number : numbers.below(2000);
        switch (numbers.below(4)) {
          case 0:
            touched.insert(other);
            set(other, other);
            break;
          case 1:
            touched.insert(other);
            expect(map_.erase(KeyOf::of(other)) == (model_.erase(other) != 0));
            break;
          case 2:
            if (numbers.below(50) == 0) collect();
            break;
          case 3:
            if (model_.contains(other)) set(other, other + 1);
            break;
        }
        expect(KeyOf::number(key) == number);  // its own, whatever happens to the entry
      }
    }
    for (const auto& [number, value] : before) {
      expect(met.contains(number) || touched.contains(number));
    }
  }

  gort::map<K, V> map_ = gort::make<gort::map<K, V>>();
  gort::map<K, V> other_;
  std::map<unsigned, unsigned> model_;
};

}  // namespace property
