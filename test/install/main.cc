// A program of somebody else, who has gort by one of the ways of run.sh and knows only API names.
//
// It uses what a first program would: goroutines, a channel, a select, a wait group, collected
// objects. Its exit status says whether they worked; what each does is tested elsewhere
// (test/conformance).

#include <gort/gort.hpp>

#include <chrono>
#include <cstdio>
#include <optional>

int main() {
  return gort::run([] {
    auto numbers = gort::make<gort::chan<int>>(4);
    auto squares = gort::make<gort::chan<int>>();
    gort::go([numbers] {
      for (int i = 1; i <= 10; i++) numbers.send(i);
      numbers.close();
    });
    gort::wait_group workers;
    for (int w = 0; w < 3; w++) {
      workers.go([=] {
        for (int n : numbers) squares.send(n * n);
      });
    }
    gort::go([&workers, squares] {
      workers.wait();
      squares.close();
    });
    int sum = 0;
    for (bool open = true; open;) {
      gort::select(gort::on_recv(squares,
                                 [&](std::optional<int> square) {
                                   open = square.has_value();
                                   sum += square.value_or(0);
                                 }),
                   gort::on_timeout(std::chrono::seconds(30), [&] { open = false; }));
    }
    auto kept = gort::make<gort::map<gort::string, gort::ptr<int>>>();
    kept["sum"] = gort::new_<int>(sum);
    gort::gc();
    std::printf("%d\n", **kept.find("sum"));
    return **kept.find("sum") == 385 ? 0 : 1;
  });
}
