// Goroutines: birth, names, numbers, goexit, goroutine_local, panics, and gort's own run queue.
//
// Not here: fairness (scheduler_fairness.cc), results (scheduler_tasks.cc), exceptions in flight
// (scheduler_exceptions.cc).

#include <gort/go.hpp>

#include "support.h"

#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <gort/debug.hpp>

#include "sched/run_queue.h"

using namespace conformance;
using gort::chan;
using gort::make;

namespace {

// The first lines of what a dump says about each.
std::vector<std::string> listed_goroutines() {
  std::stringstream dump;
  gort::dump_goroutines(dump);
  std::vector<std::string> listed;
  for (std::string line; std::getline(dump, line);) {
    if (line.rfind("goroutine ", 0) == 0) listed.push_back(line);
  }
  return listed;
}

}  // namespace

TEST_CASE("num_goroutine rises with every goroutine and returns to what it was") {  // 32
  // Those that the tests before this one left behind wait for ever; others are about to end.
  CHECK(eventually([] {
    int run = 0;
    for (const std::string& line : listed_goroutines()) {
      run += line.find("[run") != std::string::npos;  // running or runnable
    }
    return run == 1;  // we
  }));
  const auto start = gort::num_goroutine();
  CHECK(start >= 1);
  constexpr int kMore = 100;
  auto hold = make<chan<bool>>();
  for (int i = 0; i < kMore; ++i) gort::go([=] { (void)hold.recv(); });
  CHECK(gort::num_goroutine() == start + kMore);
  gort::yield();
  CHECK(std::ssize(listed_goroutines()) == start + kMore);
  hold.close();
  CHECK(eventually([&] { return gort::num_goroutine() == start; }));
}

TEST_CASE("go decays its arguments and moves them into the goroutine") {
  NoGoroutineLeft leak;
  auto result = make<chan<std::string>>(1);
  auto text = std::make_unique<std::string>("moved");
  gort::go([=](std::unique_ptr<std::string> s, const std::string& t) { result.send(*s + t); },
           std::move(text), " and copied");
  CHECK_FALSE(text);
  CHECK(result.recv() == "moved and copied");
  struct Adder {
    int base;
    void add(chan<int> out, int n) const { out.send(base + n); }
  };
  auto sums = make<chan<int>>(1);
  Adder adder{40};
  gort::go(&Adder::add, &adder, sums, 2);
  CHECK(sums.recv() == 42);
}

TEST_CASE("a closure of any size is moved in once and destroyed when its goroutine ends") {
  NoGoroutineLeft leak;
  auto token = std::make_shared<int>(1);
  struct Big {
    char bytes[5'000];
  };
  Big big{};
  big.bytes[4'999] = 7;
  auto seen = make<chan<int>>(1);
  gort::go([=] { seen.send(big.bytes[4'999] + *token); });
  CHECK(seen.recv() == 8);
  CHECK(eventually([&] { return token.use_count() == 1; }));
}

TEST_CASE("a goroutine with options has its name in dumps") {
  NoGoroutineLeft leak;
  auto hold = make<chan<bool>>();
  gort::go(gort::goroutine_options{.name = "the-named-one", .stack_limit = 256 << 10},
           [=] { (void)hold.recv(); });
  gort::go(
      gort::goroutine_options{.name = std::string("with") + "-argument"},
      [](chan<bool> c) { (void)c.recv(); }, hold);
  CHECK(eventually([] {
    std::ostringstream dump;
    gort::dump_goroutines(dump);
    return dump.str().find("\"the-named-one\" [chan receive]") != std::string::npos &&
           dump.str().find("\"with-argument\" [chan receive]") != std::string::npos;
  }));
  hold.close();
}

TEST_CASE("a stack limit below the least throws and starts nothing") {
  const auto before = gort::num_goroutine();
  auto text = thrown_by<gort::runtime_error>(
      [] { gort::go(gort::goroutine_options{.stack_limit = 16}, [] { CHECK(false); }); });
  CHECK(text != "");
  CHECK(gort::num_goroutine() == before);
}

TEST_CASE("goroutine ids are different, and a goroutine keeps its own") {
  NoGoroutineLeft leak;
  auto ids = make<chan<std::uint64_t>>(2);
  for (int i = 0; i < 2; ++i) {
    gort::go([=] {
      const auto id = gort::goroutine_id();
      gort::sleep(1ms);
      CHECK(gort::goroutine_id() == id);
      ids.send(id);
    });
  }
  const auto first = *ids.recv();
  const auto second = *ids.recv();
  CHECK(first != second);
  CHECK(first != gort::goroutine_id());
}

TEST_CASE("goexit runs destructors and defers of all frames and ends only its goroutine") {  // 33
  NoGoroutineLeft leak;
  std::vector<std::string> log;
  Started goroutine([&] {
    // In a goroutine of its own, since goexit would also skip what Started does at the end.
    auto done = make<chan<bool>>(1);
    gort::go([&, done] {
      gort::defer last{[&, done] {
        log.push_back("outer");
        done.send(true);
      }};
      auto inner = [&] {
        gort::defer d{[&] { log.push_back("inner"); }};
        CHECK(std::current_exception() == nullptr);
        gort::goexit();
      };
      inner();
      log.push_back("never");
    });
    (void)done.recv();
  });
  CHECK(goroutine.ends());
  CHECK(log == std::vector<std::string>{"inner", "outer"});
}

TEST_CASE("goexit passes catch clauses for exceptions, like Go's recover that returns nil") {  // 33
  NoGoroutineLeft leak;
  std::atomic<int> caught{0};
  auto done = make<chan<bool>>(1);
  gort::go([&, done] {
    gort::defer last{[done] { done.send(true); }};
    try {
      gort::goexit();
    } catch (const std::exception&) {
      ++caught;
    }
    caught += 10;
  });
  (void)done.recv();
  CHECK(caught.load() == 0);
}

TEST_CASE("scope guards of goexit may park") {  // 33
  NoGoroutineLeft leak;
  auto c = make<chan<int>>();
  gort::go([=] {
    gort::defer d{[=] {
      gort::sleep(1ms);
      c.send(3);
    }};
    gort::goexit();
  });
  CHECK(c.recv() == 3);
}

TEST_CASE("goroutine_local gives each goroutine its own variable") {
  NoGoroutineLeft leak;
  static gort::goroutine_local<int> number;
  static gort::goroutine_local<std::string> text;
  *number = 1;
  gort::wait_group all;
  std::atomic<int> wrong{0};
  for (int i = 0; i < 50; ++i) {
    all.go([&, i] {
      wrong += *number != 0;
      wrong += !text->empty();
      *number = i;
      *text = std::string(100, static_cast<char>('a' + i % 26));
      for (int round = 0; round < 10; ++round) {
        round % 3 == 0 ? gort::sleep(100us) : gort::yield();
        wrong += *number != i;
        wrong += (*text)[99] != 'a' + i % 26;
      }
    });
  }
  all.wait();
  CHECK(wrong.load() == 0);
  CHECK(*number == 1);
}

TEST_CASE("goroutine_local values are destroyed when their goroutine ends") {
  NoGoroutineLeft leak;
  static gort::goroutine_local<std::shared_ptr<int>> held;
  auto token = std::make_shared<int>(1);
  gort::wait_group all;
  for (int i = 0; i < 10; ++i) all.go([&] { *held = token; });
  all.wait();
  CHECK(eventually([&] { return token.use_count() == 1; }));
}

TEST_CASE("panic throws its value, and catch is recover") {
  try {
    gort::panic("text");
  } catch (const gort::panic_error& e) {
    CHECK(std::string(e.what()) == "text");
  }
  try {
    gort::panic(42);
  } catch (const gort::panic_error& e) {
    CHECK(std::string(e.what()) == "42");
    CHECK(std::any_cast<int>(e.value()) == 42);
  }
  CHECK(thrown_by<std::exception>([] { gort::panic(std::logic_error("inner")); }) == "inner");
}

TEST_CASE("defers run in reverse order, also while an exception passes") {
  std::string log;
  try {
    gort::defer a{[&] { log += "a"; }};
    gort::defer b{[&] { log += "b"; }};
    throw std::logic_error("x");
  } catch (const std::logic_error&) {
    log += "c";
  }
  CHECK(log == "bac");
}

TEST_CASE("a thief takes the older half of a run queue, rounded up, in order") {  // 36
  constexpr int kMost = 256;
  std::vector<gort::sched::Goroutine> records(kMost);
  for (std::uint32_t n = 1; n <= kMost; ++n) {
    gort::sched::RunQueue victim;
    gort::sched::RunQueue thief;
    for (std::uint32_t i = 0; i < n; ++i) victim.push(&records[i]);
    const auto stolen = victim.give_half(thief, kMost);
    std::uint32_t wrong = stolen != (n + 1) / 2 || thief.size() != stolen;
    wrong += victim.size() != n - stolen;
    for (std::uint32_t i = 0; i < n; ++i) {
      wrong += (i < stolen ? thief : victim).pop() != &records[i];
    }
    wrong += thief.pop() != nullptr || victim.pop() != nullptr;
    CHECK(wrong == 0);
  }
}
