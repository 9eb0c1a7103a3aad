// Programs of random operations on containers, and elements of several kinds: what the models
// share.
//
// A model does each operation of a program to a container of gort's and to one of std's; after
// each, both must look alike. The numbers of an operation are taken modulo whatever it needs, so
// every program is valid. Who makes programs: rapidcheck (property.h), libFuzzer (test/fuzz). Runs
// on one goroutine or thread.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <gort/gort.hpp>

namespace property {

// Throws if it is not so: rapidcheck takes that for a failure, and so does a fuzzer.
inline void expect(bool holds, std::source_location where = std::source_location::current()) {
  if (!holds) {
    throw std::logic_error(std::string(where.file_name()) + ":" + std::to_string(where.line()));
  }
}
template <class E, class F>
bool throws(F f) {
  try {
    static_cast<void>(f());
  } catch (const E&) {
    return true;
  }
  return false;
}

struct Operation {
  unsigned kind;
  unsigned a, b, c;
  friend std::ostream& operator<<(std::ostream& out, const Operation& op) {
    return out << '{' << op.kind << ", " << op.a << ", " << op.b << ", " << op.c << '}';
  }
};
using Program = std::vector<Operation>;

// Numbers that follow from an operation's: the same each time it is tried again.
class Numbers {
 public:
  explicit Numbers(std::uint64_t seed) : state_(seed * 2 + 1) {}
  unsigned below(std::size_t n) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<unsigned>((state_ >> 33) % n);
  }

 private:
  std::uint64_t state_;
};

// --- elements: what stands for the number n, and which number an element stands for
template <class T>
struct Element {
  static T of(unsigned n) { return static_cast<T>(n); }
  static unsigned number(const T& t) { return static_cast<unsigned>(t); }
};

inline std::string text_of(unsigned n) {
  // Short ones and long ones, and some that begin alike.
  return n % 3 == 0 ? std::to_string(n) : std::string(n % 40, 'x') + std::to_string(n);
}
inline unsigned number_of(std::string_view text) {
  const std::size_t digits = text.find_first_not_of('x');
  return static_cast<unsigned>(std::stoul(std::string(text.substr(digits))));
}
template <>
struct Element<std::string> {
  static std::string of(unsigned n) { return text_of(n); }
  static unsigned number(const std::string& s) { return s.empty() ? 0 : number_of(s); }
};
template <>
struct Element<gort::string> {
  static gort::string of(unsigned n) { return text_of(n); }
  static unsigned number(const gort::string& s) { return s.empty() ? 0 : number_of(s); }
};

struct Node {
  unsigned number;
  gort::string text;
};
template <>
struct Element<gort::ptr<Node>> {
  static gort::ptr<Node> of(unsigned n) { return gort::new_<Node>(n, text_of(n)); }
  static unsigned number(const gort::ptr<Node>& p) {
    if (p == nullptr) return 0;
    expect(number_of(p->text) == p->number);
    return p->number;
  }
};

// One with a constructor and a destructor that notices if it is not whole.
struct Whole {
  Whole() = default;
  explicit Whole(unsigned n) : number(n), check(~n) {}
  Whole(const Whole&) = default;
  Whole& operator=(const Whole&) = default;
  ~Whole() {
    if (check != ~number) ++broken;
    number = check = 77;
  }
  unsigned number = 0;
  unsigned check = ~0u;
  static inline std::atomic<int> broken{0};
};
template <>
struct Element<Whole> {
  static Whole of(unsigned n) { return Whole(n); }
  static unsigned number(const Whole& w) {
    expect(w.check == ~w.number);
    return w.number;
  }
};

// What was freed too early is soon overwritten.
inline void collect() {
  gort::gc();
  for (int i = 0; i < 200; ++i) {
    for (auto& word : *gort::new_<std::array<std::uint64_t, 6>>()) word = 0x5a5a5a5a5a5a5a5a;
    static_cast<void>(gort::string(std::string(20, 'Z')));
  }
}

}  // namespace property
