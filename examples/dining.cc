// Dining philosophers: five of them, five forks, and two forks needed to eat.
//
// std::scoped_lock takes both forks without deadlock in whatever order they are named, since
// gort::mutex is a Lockable like any other; only that a philosopher who waits parks a goroutine
// and holds up no thread.
#include <gort/gort.hpp>

#include <array>
#include <iostream>
#include <mutex>

constexpr int kSeats = 5;
constexpr int kMeals = 3;

struct table {
  std::array<gort::mutex, kSeats> forks;
  std::array<bool, kSeats> in_use{};  // each under its fork
};

// Returns how often the philosopher has eaten.
int dine(table& t, int seat) {
  const int left = seat;
  const int right = (seat + 1) % kSeats;
  int meals = 0;
  while (meals < kMeals) {
    gort::yield();  // thinking
    std::scoped_lock both(t.forks[left], t.forks[right]);
    if (t.in_use[left] || t.in_use[right]) gort::panic("two hands on one fork");
    t.in_use[left] = t.in_use[right] = true;
    gort::yield();  // eating
    t.in_use[left] = t.in_use[right] = false;
    ++meals;
  }
  return meals;
}

int main() {
  return gort::run([] {
    const std::array names = {"Aristotle", "Hypatia", "Kant", "Laozi", "Spinoza"};
    table t;
    std::array<gort::task<int>, kSeats> dinners;
    for (int seat = 0; seat < kSeats; ++seat) {
      dinners[seat] = gort::spawn([&t, seat] { return dine(t, seat); });
    }
    for (int seat = 0; seat < kSeats; ++seat) {
      std::cout << names[seat] << " ate " << dinners[seat].get() << " times\n";
    }
  });
}
