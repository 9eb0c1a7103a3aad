// Three ways not to wait for ever: a timeout in a select, a context with a deadline, and not
// waiting at all.
#include <gort/gort.hpp>

#include <chrono>
#include <iostream>
#include <optional>
#include <string>

using namespace std::chrono_literals;

int main() {
  return gort::run([] {
    auto answers = gort::make<gort::chan<std::string>>();  // nobody sends here yet

    // One wait, bounded.
    gort::select(
        gort::on_recv(answers, [](std::optional<std::string> a) { std::cout << *a << '\n'; }),
        gort::on_timeout(10ms, [] { std::cout << "no answer within 10 ms\n"; }));

    // Several calls, bounded together: hand the context on to each of them.
    auto [ctx, cancel] = gort::with_timeout(gort::background(), 10ms);
    gort::defer release(cancel);
    try {
      answers.recv(ctx);
    } catch (const gort::context_error& e) {
      std::cout << e.what() << '\n';
    }

    // No wait.
    gort::select(
        gort::on_recv(answers, [](std::optional<std::string> a) { std::cout << *a << '\n'; }),
        gort::on_default([] { std::cout << "nothing there\n"; }));

    // And one that is answered in time: a minute is more than it takes.
    gort::go([=] { answers.send("forty-two"); });
    std::optional<std::string> answer;
    switch (gort::select(gort::on_recv(answers, answer), gort::on_timeout(1min))) {
      case 0: std::cout << *answer << '\n'; break;
      case 1: std::cout << "no answer within a minute\n"; break;
    }
  });
}
