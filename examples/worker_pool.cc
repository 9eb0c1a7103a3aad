// A worker pool: three goroutines share a queue of jobs and report to one channel of results.
//
// Which worker takes which job differs from run to run, so the results are put in order at the end.
#include <gort/gort.hpp>

#include <iostream>
#include <map>

struct result {
  int number;
  int steps;  // until the Collatz sequence of `number` reaches 1
};

int collatz_steps(long n) {
  int steps = 0;
  for (; n != 1; ++steps) n = n % 2 == 0 ? n / 2 : 3 * n + 1;
  return steps;
}

int main() {
  return gort::run([] {
    auto jobs = gort::make<gort::chan<int>>(10);
    auto results = gort::make<gort::chan<result>>(10);

    gort::wait_group workers;
    for (int i = 0; i < 3; ++i) {
      workers.go([=] {
        for (int n : jobs) results.send({n, collatz_steps(n)});
      });
    }
    gort::go([=, &workers] {
      for (int n = 20; n < 30; ++n) jobs.send(n);
      jobs.close();
      workers.wait();
      results.close();
    });

    std::map<int, int> steps_of;
    for (result r : results) steps_of[r.number] = r.steps;
    for (auto [number, steps] : steps_of) {
      std::cout << number << " reaches 1 in " << steps << " steps\n";
    }
  });
}
