// Exceptions in flight belong to their goroutine, however often it changes threads.
//
// The C++ runtime keeps the caught exceptions and the count of uncaught ones per OS thread. A
// goroutine that parks inside a catch clause, or in a destructor while an exception passes, must
// find its own again.
// Not here: exceptions that end the process (test/crash).

#include <gort/go.hpp>

#include "support.h"

#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

using namespace conformance;
using gort::chan;
using gort::make;

namespace {

void let_others_run(int round) {
  switch (round % 3) {
    case 0: gort::yield(); break;
    case 1: gort::sleep(10us); break;
    default: gort::spawn([] { gort::yield(); }).wait();
  }
}

}  // namespace

TEST_CASE("fifty goroutines that catch, yield and rethrow never see another's exception") {
  NoGoroutineLeft leak;
  const int rounds = kSanitized ? 40 : 200;
  std::atomic<int> wrong{0};
  gort::wait_group all;
  for (int g = 0; g < 50; ++g) {
    all.go([&, g] {
      for (int i = 0; i < rounds; ++i) {
        const int mine = g * 1'000 + i;
        try {
          try {
            throw mine;
          } catch (int) {
            gort::yield();
            throw;
          }
        } catch (int seen) {
          wrong += seen != mine;
        }
        wrong += std::current_exception() != nullptr;
      }
    });
  }
  all.wait();
  CHECK(wrong.load() == 0);
}

TEST_CASE("nested catch clauses that park keep their exceptions apart") {
  NoGoroutineLeft leak;
  const int rounds = scaled(100);
  std::atomic<int> wrong{0};
  gort::wait_group all;
  for (int g = 0; g < 20; ++g) {
    all.go([&, g] {
      for (int i = 0; i < rounds; ++i) {
        try {
          throw std::runtime_error(std::to_string(g));
        } catch (const std::runtime_error& outer) {
          let_others_run(i + g);
          try {
            throw std::logic_error(std::to_string(g * 7));
          } catch (const std::logic_error& inner) {
            let_others_run(i);
            wrong += inner.what() != std::to_string(g * 7);
          }
          let_others_run(i + 1);
          wrong += outer.what() != std::to_string(g);
          try {
            std::rethrow_exception(std::current_exception());
          } catch (const std::runtime_error& again) {
            wrong += again.what() != std::to_string(g);
          }
        }
      }
    });
  }
  all.wait();
  CHECK(wrong.load() == 0);
}

TEST_CASE("a destructor may park while an exception passes, and uncaught_exceptions stays right") {
  NoGoroutineLeft leak;
  struct Parks {
    std::atomic<int>& wrong;
    int round;
    ~Parks() {
      wrong += std::uncaught_exceptions() != 1;
      let_others_run(round);
      wrong += std::uncaught_exceptions() != 1;
    }
  };
  const int rounds = scaled(100);
  std::atomic<int> wrong{0};
  gort::wait_group all;
  for (int g = 0; g < 20; ++g) {
    all.go([&, g] {
      for (int i = 0; i < rounds; ++i) {
        try {
          Parks parks{wrong, g + i};
          throw g;
        } catch (int seen) {
          wrong += seen != g;
        }
        wrong += std::uncaught_exceptions() != 0;
      }
    });
    all.go([&, g] {  // with nothing in flight
      for (int i = 0; i < rounds; ++i) {
        wrong += std::uncaught_exceptions() != 0;
        wrong += std::current_exception() != nullptr;
        let_others_run(g + i);
      }
    });
  }
  all.wait();
  CHECK(wrong.load() == 0);
}

TEST_CASE("an exception pointer travels to another goroutine") {
  NoGoroutineLeft leak;
  auto c = make<chan<std::exception_ptr>>();
  gort::go([=] {
    try {
      throw std::out_of_range("traveller");
    } catch (...) {
      c.send(std::current_exception());
    }
  });
  auto received = *c.recv();
  CHECK(thrown_by<std::out_of_range>([&] { std::rethrow_exception(received); }) == "traveller");
}

TEST_CASE("a goroutine that parks in a catch clause may start, end and throw in between") {
  NoGoroutineLeft leak;
  std::atomic<int> wrong{0};
  const int rounds = scaled(50);
  gort::wait_group all;
  for (int g = 0; g < 8; ++g) {
    all.go([&, g] {
      for (int i = 0; i < rounds; ++i) {
        try {
          throw g;
        } catch (int outer) {
          auto failing = gort::spawn([g]() -> int { throw std::to_string(g); });
          try {
            (void)failing.get();
          } catch (const std::string& text) {
            gort::yield();
            wrong += text != std::to_string(g);
          }
          auto done = make<chan<bool>>(1);
          gort::go([done] {
            gort::defer d{[done] { done.send(true); }};
            gort::goexit();
          });
          (void)done.recv();
          wrong += outer != g;
        }
      }
    });
  }
  all.wait();
  CHECK(wrong.load() == 0);
}

TEST_CASE("a goroutine that blocks or is locked to a thread keeps its exception too") {
  NoGoroutineLeft leak;
  std::atomic<int> wrong{0};
  gort::wait_group all;
  for (int g = 0; g < 8; ++g) {
    all.go([&, g] {
      for (int i = 0; i < 10; ++i) {
        try {
          throw g;
        } catch (int) {
          gort::blocking([&] {
            try {
              throw g + 100;
            } catch (int inner) {
              wrong += inner != g + 100;
            }
          });
          if (g % 2 == 0) {
            gort::lock_os_thread();
            gort::sleep(100us);
            gort::unlock_os_thread();
          }
          gort::yield();
          try {
            throw;
          } catch (int again) {
            wrong += again != g;
          }
        }
      }
    });
  }
  all.wait();
  CHECK(wrong.load() == 0);
}
