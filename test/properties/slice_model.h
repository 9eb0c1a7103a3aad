// Slices beside a model of Go's: arrays that several slices share, each with a beginning, a length
// and a capacity of its own.
//
// Elements stand for numbers (Element), which is what the model's arrays have. How much room an
// array gets is the slice's to say.
// Not here: who makes the programs (slices.cc, test/fuzz/slices.cc).
#pragma once

#include <algorithm>
#include <memory>

#include "test/properties/operations.h"

namespace property {

template <class T>
class SliceModel {
  using Of = Element<T>;
  static constexpr std::size_t kCount = 4;
  // Go's slice of numbers.
  struct View {
    std::shared_ptr<std::vector<unsigned>> array;  // null: nil
    std::size_t from = 0, length = 0, capacity = 0;

    unsigned& at(std::size_t i) const { return (*array)[from + i]; }
    View part(std::size_t low, std::size_t high, std::size_t max) const {
      return {array, from + low, high - low, max - low};
    }
  };

 public:
  void run(const Operation& op) {
    const std::size_t which = op.kind / 16 % kCount, other = op.kind / 64 % kCount;
    gort::slice<T>& s = slices_[which];
    View& m = views_[which];
    switch (op.kind % 16) {
      case 0: renew(s, m, op.a % 20, op.b % 20); break;
      case 1:
      case 2: append_one(s, m, op.a); break;
      case 3: append_three(s, m, op); break;
      case 4:
      case 5: append_all(s, m, slices_[other], views_[other]); break;
      case 6: fill(s, m, op.a, op.b % 400); break;
      case 7: cut(s, m, op); break;
      case 8: cut_room(s, m, op); break;
      case 9: slices_[other] = s, views_[other] = m; break;
      case 10: copy(s, m, slices_[other], views_[other]); break;
      case 11: copy_within(s, m, op); break;
      case 12: set(s, m, op); break;
      case 13:
        if (op.a % 4 == 0) gort::clear(s), std::fill_n(first(m), m.length, 0u);
        break;
      case 14:
        if (op.a % 4 == 0) collect();
        break;
      case 15: out_of_range(s, m, op); break;
    }
    compare(s, m);
  }
  void finish() const {
    for (std::size_t i = 0; i < kCount; ++i) compare(slices_[i], views_[i]);
  }

 private:
  static unsigned* first(const View& m) { return m.array ? m.array->data() + m.from : nullptr; }

  static void compare(const gort::slice<T>& s, const View& m) {
    expect((s == nullptr) == (m.array == nullptr));
    expect(s.size() == m.length);
    expect(static_cast<std::size_t>(s.cap()) == m.capacity);
    std::size_t i = 0;
    for (const T& value : s) expect(Of::number(value) == m.at(i++));
    // What is behind the end, too.
    for (const T& value : s(0, m.capacity)(m.length)) expect(Of::number(value) == m.at(i++));
  }

  void renew(gort::slice<T>& s, View& m, std::size_t length, std::size_t more) {
    s = gort::make<gort::slice<T>>(length, length + more);
    m = {std::make_shared<std::vector<unsigned>>(length + more), 0, length, length + more};
  }
  // What append does: in the array if there is room, else in a new one.
  static void grow(View& m, std::size_t count, const gort::slice<T>& result) {
    if (m.length + count > m.capacity) {
      const auto capacity = static_cast<std::size_t>(result.cap());
      expect(capacity >= m.length + count);
      auto array = std::make_shared<std::vector<unsigned>>(capacity);
      std::copy_n(first(m), m.length, array->begin());
      m = {std::move(array), 0, m.length, capacity};
    }
    m.length += count;
  }
  void append_one(gort::slice<T>& s, View& m, unsigned value) {
    s = gort::append(s, Of::of(value));
    grow(m, 1, s);
    m.at(m.length - 1) = value;
  }
  void append_three(gort::slice<T>& s, View& m, const Operation& op) {
    s = gort::append(s, Of::of(op.a), Of::of(op.b), Of::of(op.c));
    grow(m, 3, s);
    m.at(m.length - 3) = op.a, m.at(m.length - 2) = op.b, m.at(m.length - 1) = op.c;
  }
  void append_all(gort::slice<T>& s, View& m, gort::slice<T> values, View added) {
    if (m.length + added.length > 20000) return;
    s = gort::append(s, values);
    if (added.length == 0) return;
    const std::vector<unsigned> numbers(first(added), first(added) + added.length);
    grow(m, numbers.size(), s);
    std::copy(numbers.begin(), numbers.end(), first(m) + m.length - numbers.size());
  }
  void fill(gort::slice<T>& s, View& m, unsigned value, unsigned count) {
    for (unsigned i = 0; i < count; ++i) append_one(s, m, value + i);
  }
  void cut(gort::slice<T>& s, View& m, const Operation& op) {
    const std::size_t high = op.a % (m.capacity + 1), low = op.b % (high + 1);
    if (op.c % 3 == 0 && low <= m.length) {
      s = s(low), m = m.part(low, m.length, m.capacity);
    } else {
      s = s(low, high), m = m.part(low, high, m.capacity);
    }
  }
  void cut_room(gort::slice<T>& s, View& m, const Operation& op) {
    const std::size_t max = op.a % (m.capacity + 1), high = op.b % (max + 1),
                      low = op.c % (high + 1);
    s = s(low, high, max), m = m.part(low, high, max);
  }
  static void copy(gort::slice<T>& to, View& m, const gort::slice<T>& from, const View& source) {
    const std::size_t count = std::min(m.length, source.length);
    expect(static_cast<std::size_t>(gort::copy(to, from)) == count);
    if (count == 0) return;
    const std::vector<unsigned> numbers(first(source), first(source) + count);
    std::copy(numbers.begin(), numbers.end(), first(m));
  }
  void copy_within(gort::slice<T>& s, View& m, const Operation& op) {
    const std::size_t to = op.a % (m.length + 1), from = op.b % (m.length + 1);
    gort::slice<T> there = s(to);
    View part = m.part(to, m.length, m.capacity);
    copy(there, part, s(from), m.part(from, m.length, m.capacity));
  }
  static void set(gort::slice<T>& s, View& m, const Operation& op) {
    if (m.length == 0) return;
    const std::size_t i = op.a % m.length;
    s[i] = Of::of(op.b);
    m.at(i) = op.b;
  }
  static void out_of_range(gort::slice<T>& s, View& m, const Operation& op) {
    expect(throws<gort::runtime_error>([&] { return &s[m.length + op.a]; }));
    expect(throws<gort::runtime_error>([&] { return s(m.length + 1 + op.a); }));
    expect(throws<gort::runtime_error>([&] { return s(0, m.capacity + 1 + op.a); }));
    expect(throws<gort::runtime_error>([&] { return s(1, 0); }));
    expect(throws<gort::runtime_error>([&] { return s(0, 0, m.capacity + 1 + op.a); }));
  }

  std::array<gort::slice<T>, kCount> slices_;
  std::array<View, kCount> views_;
};

}  // namespace property
