// The concurrent prime sieve: a chain of goroutines, one for each prime found.
//
// Each filter drops the multiples of its prime and passes the rest on, so the first number that
// comes out of the chain is the next prime. When main returns, the chain is abandoned with it.
#include <gort/gort.hpp>

#include <iostream>

void generate(gort::send_chan<int> out) {
  for (int n = 2;; ++n) out.send(n);
}

void filter(gort::recv_chan<int> in, gort::send_chan<int> out, int prime) {
  for (int n : in) {
    if (n % prime != 0) out.send(n);
  }
}

int main() {
  return gort::run([] {
    auto numbers = gort::make<gort::chan<int>>();
    gort::go(generate, numbers);
    for (int i = 0; i < 25; ++i) {
      int prime = *numbers.recv();
      std::cout << prime << (i % 5 == 4 ? '\n' : '\t');
      auto rest = gort::make<gort::chan<int>>();
      gort::go(filter, numbers, rest, prime);
      numbers = rest;
    }
  });
}
