// The smallest gort program: one goroutine greets, the other listens.
//
// gort::run turns main into the first goroutine, go() starts another, and a channel carries values
// from one to the other. The range-for loop ends when the sender closes the channel.
#include <gort/gort.hpp>

#include <iostream>
#include <string>

int main() {
  return gort::run([] {
    auto greetings = gort::make<gort::chan<std::string>>();

    gort::go([=] {
      for (std::string name : {"gopher", "penguin", "world"}) {
        greetings.send("hello, " + name);
      }
      greetings.close();
    });

    for (const std::string& greeting : greetings) {
      std::cout << greeting << '\n';
    }
  });
}
