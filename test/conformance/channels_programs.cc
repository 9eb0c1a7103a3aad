// Channels: whole programs from Go's test/chan whose answer is known: relays, worker pools, chains,
// sieves.
//
// Not here: random programs (test/stress).

#include <gort/chan.hpp>
#include <gort/go.hpp>

#include "support.h"

#include <array>
#include <numeric>
#include <vector>

using namespace conformance;
using gort::chan;
using gort::make;
using gort::recv_chan;
using gort::send_chan;

TEST_CASE("a select over four relays delivers no value twice and loses none") {  // 12
  NoGoroutineLeft leak;
  const int values = scaled(100'000);
  std::array<chan<int>, 4> relays;
  for (auto& relay : relays) relay = make<chan<int>>();
  auto merged = make<chan<int>>();
  gort::go([=] {
    for (int i = 0; i < values; ++i) {
      gort::select(gort::on_send(relays[0], i), gort::on_send(relays[1], i),
                   gort::on_send(relays[2], i), gort::on_send(relays[3], i));
    }
    for (auto& relay : relays) relay.close();
  });
  gort::wait_group relaying;
  for (auto& relay : relays) {
    relaying.go([=] {
      for (int v : relay) merged.send(v);
    });
  }
  gort::go([=, &relaying] {
    relaying.wait();
    merged.close();
  });
  std::vector<char> seen(static_cast<std::size_t>(values));
  int twice = 0;
  int total = 0;
  for (int v : merged) {
    twice += seen[static_cast<std::size_t>(v)]++ != 0;
    ++total;
  }
  CHECK(twice == 0);
  CHECK(total == values);
}

TEST_CASE("a pool of 23 workers handles every item once and ends when its queue is closed") {  // 17
  NoGoroutineLeft leak;
  constexpr std::array<long, 10> kPrimes = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29};
  const int items = scaled(271'828);
  auto queue = make<chan<long>>(10);
  auto results = make<chan<long>>(10);
  gort::wait_group workers;
  for (int w = 0; w < 23; ++w) {
    workers.go([=] {
      for (long item : queue) results.send(item);
    });
  }
  gort::go([=] {
    for (int i = 0; i < items; ++i) queue.send(kPrimes[static_cast<std::size_t>(i) % 10]);
    queue.close();
  });
  gort::go([=, &workers] {
    workers.wait();
    results.close();
  });
  long count = 0;
  long sum = 0;
  for (long r : results) {
    ++count;
    sum += r;
  }
  long expected = 0;
  for (int i = 0; i < items; ++i) expected += kPrimes[static_cast<std::size_t>(i) % 10];
  CHECK(count == items);
  CHECK(sum == expected);
}

TEST_CASE("a value travels through a chain of ten thousand goroutines") {  // 21 (goroutines)
  NoGoroutineLeft leak;
  const int links = scaled(10'000);
  auto leftmost = make<chan<int>>();
  auto left = leftmost;
  for (int i = 0; i < links; ++i) {
    auto right = make<chan<int>>();
    gort::go([=] { left.send(*right.recv() + 1); });
    left = right;
  }
  gort::go([=] { left.send(0); });
  CHECK(leftmost.recv() == links);
}

namespace {

void filter(recv_chan<int> in, send_chan<int> out, int prime, recv_chan<int> stop) {
  for (;;) {
    std::optional<int> i;
    if (gort::select(gort::on_recv(in, i), gort::on_recv(stop)) == 1) return;
    if (*i % prime == 0) continue;
    if (gort::select(gort::on_send(out, *i), gort::on_recv(stop)) == 1) return;
  }
}

}  // namespace

TEST_CASE("the prime sieve finds the first 25 primes") {  // 21 (sieve)
  NoGoroutineLeft leak;
  auto stop = make<chan<int>>();
  auto numbers = make<chan<int>>();
  gort::go([=] {
    for (int i = 2; gort::select(gort::on_send(numbers, i), gort::on_recv(stop)) == 0;) ++i;
  });
  std::vector<int> primes;
  auto in = numbers;
  for (int i = 0; i < 25; ++i) {
    primes.push_back(*in.recv());
    auto out = make<chan<int>>();
    gort::go(filter, in, out, primes.back(), stop);
    in = out;
  }
  stop.close();
  const std::vector<int> expected = {2,  3,  5,  7,  11, 13, 17, 19, 23, 29, 31, 37, 41,
                                     43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97};
  CHECK(primes == expected);
}

namespace {

// Power series as goroutines that produce their coefficients on demand, after McIlroy (Go's
// powser1): a stream is a channel of rationals, read lazily; `stop` ends them all.
struct Rational {
  long num = 0;
  long den = 1;
  bool operator==(const Rational&) const = default;
};
Rational reduced(long num, long den) {
  const long g = std::gcd(num, den);
  return g == 0 ? Rational{0, 1} : Rational{num / g, den / g};
}
// Coefficients are made ahead of those that are looked at; what a long cannot hold is 0/1.
Rational operator+(Rational a, Rational b) {
  long left, right, num, den;
  if (__builtin_mul_overflow(a.num, b.den, &left) || __builtin_mul_overflow(b.num, a.den, &right) ||
      __builtin_add_overflow(left, right, &num) || __builtin_mul_overflow(a.den, b.den, &den)) {
    return {0, 1};
  }
  return reduced(num, den);
}
Rational operator*(Rational a, Rational b) {
  long num, den;
  if (__builtin_mul_overflow(a.num, b.num, &num) || __builtin_mul_overflow(a.den, b.den, &den)) {
    return {0, 1};
  }
  return reduced(num, den);
}

using Series = chan<Rational>;

struct Algebra {
  chan<int> stop = make<chan<int>>();

  bool put(const Series& out, Rational r) const {
    return gort::select(gort::on_send(out, r), gort::on_recv(stop)) == 0;
  }
  bool get(const Series& in, std::optional<Rational>& r) const {
    return gort::select(gort::on_recv(in, r), gort::on_recv(stop)) == 0;
  }

  // Two copies of one series, each read at its own pace: values wait in a list for the slower one.
  std::pair<Series, Series> split(Series in) const {
    auto a = make<Series>();
    auto b = make<Series>();
    gort::go([in, a, b, self = *this] {
      std::vector<Rational> values;
      std::size_t next_a = 0;
      std::size_t next_b = 0;
      for (;;) {
        // Nil channels switch off what does not apply: nothing to hand out, or no need to read.
        const bool a_wants = next_a == values.size();
        const bool b_wants = next_b == values.size();
        std::optional<Rational> r;
        int chosen = gort::select(
            gort::on_send(a_wants ? Series{} : a, a_wants ? Rational{} : values[next_a]),
            gort::on_send(b_wants ? Series{} : b, b_wants ? Rational{} : values[next_b]),
            gort::on_recv(a_wants || b_wants ? in : Series{}, r), gort::on_recv(self.stop));
        if (chosen == 3) return;
        if (chosen == 2) values.push_back(*r);
        next_a += chosen == 0;
        next_b += chosen == 1;
      }
    });
    return {a, b};
  }

  Series integrate(Rational constant, Series in) const {
    auto out = make<Series>();
    gort::go([constant, in, out, self = *this] {
      if (!self.put(out, constant)) return;
      std::optional<Rational> r;
      for (long n = 1; self.get(in, r); ++n) {
        if (!self.put(out, *r * Rational{1, n})) return;
      }
    });
    return out;
  }

  Series times(Series f, Series g) const {  // by the defining sum, keeping what was read
    auto out = make<Series>();
    gort::go([f, g, out, self = *this] {
      std::vector<Rational> fs;
      std::vector<Rational> gs;
      std::optional<Rational> r;
      for (;;) {
        if (!self.get(f, r)) return;
        fs.push_back(*r);
        if (!self.get(g, r)) return;
        gs.push_back(*r);
        Rational sum;
        for (std::size_t i = 0; i < fs.size(); ++i) sum = sum + fs[i] * gs[gs.size() - 1 - i];
        if (!self.put(out, sum)) return;
      }
    });
    return out;
  }

  Series plus_one(Series in) const {
    auto out = make<Series>();
    gort::go([in, out, self = *this] {
      std::optional<Rational> r;
      Rational one{1, 1};
      while (self.get(in, r) && self.put(out, *r + one)) one = {};
    });
    return out;
  }

  // The solution of f = constant + integral of derivative(f): f feeds on itself.
  template <class Derivative>
  Series solve(Rational constant, Derivative derivative) const {
    auto loop = make<Series>();
    auto f = integrate(constant, derivative(loop));
    auto [result, back] = split(f);
    gort::go([back, loop, self = *this] {
      std::optional<Rational> r;
      while (self.get(back, r) && self.put(loop, *r)) {
      }
    });
    return result;
  }
};

std::vector<Rational> first_terms(const Series& s, int n) {
  std::vector<Rational> terms;
  for (int i = 0; i < n; ++i) terms.push_back(*s.recv());
  return terms;
}

}  // namespace

TEST_CASE("power series that feed on themselves have the coefficients of exp and tan") {  // 21
  NoGoroutineLeft leak;
  Algebra algebra;
  auto exp = algebra.solve({1, 1}, [&](Series f) { return f; });
  const std::vector<Rational> of_exp = {{1, 1}, {1, 1}, {1, 2}, {1, 6}, {1, 24}, {1, 120}};
  CHECK(first_terms(exp, 6) == of_exp);
  auto tan = algebra.solve({0, 1}, [&](Series f) {
    auto [a, b] = algebra.split(f);
    return algebra.plus_one(algebra.times(a, b));
  });
  const std::vector<Rational> of_tan = {{0, 1}, {1, 1},  {0, 1}, {1, 3},
                                        {0, 1}, {2, 15}, {0, 1}, {17, 315}};
  CHECK(first_terms(tan, 8) == of_tan);
  algebra.stop.close();
}
