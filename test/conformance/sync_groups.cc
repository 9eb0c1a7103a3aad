// errgroup, singleflight and concurrent_map.
//
// Not here: task_group (scheduler_tasks.cc).

#include <gort/sync.hpp>

#include "support.h"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

using namespace conformance;
using gort::chan;
using gort::make;

TEST_CASE("an errgroup runs all, and wait rethrows the first failure") {
  NoGoroutineLeft leak;
  gort::errgroup fine;
  std::atomic<int> ran{0};
  for (int i = 0; i < 10; ++i) fine.go([&] { ++ran; });
  fine.wait();
  CHECK(ran.load() == 10);
  gort::errgroup failing;
  failing.set_limit(1);  // so that the second begins when the first has failed
  failing.go([] { throw std::runtime_error("early"); });
  failing.go([] { throw std::runtime_error("late"); });
  CHECK(thrown_by<std::runtime_error>([&] { failing.wait(); }) == "early");
}

TEST_CASE("the context of an errgroup is cancelled by the first failure, and by wait") {
  NoGoroutineLeft leak;
  gort::errgroup group(gort::background());
  auto ctx = group.context();
  std::atomic<int> cancelled{0};
  for (int i = 0; i < 3; ++i) {
    group.go([&, ctx] {
      (void)ctx.done().recv();
      ++cancelled;
    });
  }
  group.go([] { throw std::runtime_error("stop"); });
  CHECK(thrown_by<std::runtime_error>([&] { group.wait(); }) == "stop");
  CHECK(cancelled.load() == 3);
  gort::errgroup fine(gort::background());
  auto other = fine.context();
  fine.go([] {});
  fine.wait();
  CHECK(other.err());
}

TEST_CASE("an errgroup with a limit runs no more at once, and try_go says so") {
  NoGoroutineLeft leak;
  gort::errgroup group;
  group.set_limit(3);
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  for (int i = 0; i < 30; ++i) {
    group.go([&] {
      const int n = ++now;
      int seen = most.load();
      while (n > seen && !most.compare_exchange_weak(seen, n)) {
      }
      gort::sleep(100us);
      --now;
    });
  }
  group.wait();
  CHECK(most.load() <= 3);
  CHECK(most.load() >= 1);
  gort::errgroup tried;
  tried.set_limit(1);
  auto hold = make<chan<bool>>();
  CHECK(tried.try_go([=] { (void)hold.recv(); }));
  CHECK_FALSE(tried.try_go([] { CHECK(false); }));
  hold.close();
  tried.wait();
}

TEST_CASE("singleflight runs one call for all who ask at the same time") {
  NoGoroutineLeft leak;
  gort::singleflight<std::string, int> flight;
  std::atomic<int> runs{0};
  auto hold = make<chan<bool>>();
  std::atomic<int> sum{0};
  std::vector<Started> all;
  for (int i = 0; i < 10; ++i) {
    all.emplace_back([&, hold] {
      sum += flight.run("key", [&, hold] {
        ++runs;
        (void)hold.recv();
        return 7;
      });
    });
  }
  for (const Started& each : all) CHECK(each.waits());  // one for `hold`, the others for it
  CHECK(runs.load() == 1);
  hold.close();
  for (const Started& each : all) CHECK(each.ends());
  CHECK(runs.load() == 1);
  CHECK(sum.load() == 70);
  CHECK(flight.run("key", [] { return 8; }) == 8);
}

TEST_CASE("singleflight keeps keys apart, forgets on request, and shares a failure") {
  NoGoroutineLeft leak;
  gort::singleflight<std::string, int> flight;
  auto hold = make<chan<bool>>();
  Started first([&, hold] {
    CHECK(flight.run("a", [=] {
      (void)hold.recv();
      return 1;
    }) == 1);
  });
  CHECK(first.blocks());
  CHECK(flight.run("b", [] { return 2; }) == 2);
  flight.forget("a");
  CHECK(flight.run("a", [] { return 3; }) == 3);
  hold.close();
  CHECK(first.ends());
  std::atomic<int> failures{0};
  gort::wait_group all;
  for (int i = 0; i < 3; ++i) {
    all.go([&] {
      failures += thrown_by<std::logic_error>([&] {
                    (void)flight.run("x", []() -> int {
                      gort::sleep(5ms);
                      throw std::logic_error("shared");
                    });
                  }) == "shared";
    });
  }
  all.wait();
  CHECK(failures.load() == 3);
}

TEST_CASE("a goexit in a call of singleflight does not leave the others waiting") {
  NoGoroutineLeft leak;
  gort::singleflight<std::string, int> flight;
  auto inside = make<chan<bool>>();
  auto hold = make<chan<bool>>();
  gort::go([&, inside, hold] {
    (void)flight.run("key", [=]() -> int {
      inside.send(true);
      (void)hold.recv();
      gort::goexit();
    });
  });
  (void)inside.recv();
  Started follower([&] {
    try {
      (void)flight.run("key", [] { return 1; });
    } catch (const gort::runtime_error&) {
    }
  });
  CHECK(follower.blocks());
  hold.send(true);
  CHECK(follower.ends());
  CHECK(flight.run("key", [] { return 2; }) == 2);
}

TEST_CASE("concurrent_map has the operations of sync.Map") {
  gort::concurrent_map<std::string, int> m;
  CHECK_FALSE(m.load("a").has_value());
  m.store("a", 1);
  CHECK(m.load("a") == 1);
  auto [first, was_there] = m.load_or_store("a", 5);
  CHECK(first == 1);
  CHECK(was_there);
  auto [second, was_there_too] = m.load_or_store("b", 2);
  CHECK(second == 2);
  CHECK_FALSE(was_there_too);
  CHECK(m.swap("a", 10) == 1);
  CHECK_FALSE(m.swap("c", 3).has_value());
  CHECK(m.compare_and_swap("a", 10, 11));
  CHECK_FALSE(m.compare_and_swap("a", 10, 12));
  CHECK_FALSE(m.compare_and_swap("none", 1, 2));
  CHECK_FALSE(m.compare_and_delete("a", 10));
  CHECK(m.compare_and_delete("a", 11));
  CHECK_FALSE(m.load("a").has_value());
  CHECK(m.load_and_delete("b") == 2);
  CHECK_FALSE(m.load_and_delete("b").has_value());
  m.erase("c");
  m.erase("never there");
  CHECK_FALSE(m.load("c").has_value());
  for (int i = 0; i < 10; ++i) m.store(std::to_string(i), i);
  std::map<std::string, int> seen;
  m.range([&](const std::string& k, int v) {
    seen[k] = v;
    return true;
  });
  CHECK(seen.size() == 10);
  int visited = 0;
  m.range([&](const std::string&, int) { return ++visited < 3; });
  CHECK(visited == 3);
  m.clear();
  m.range([&](const std::string&, int) {
    CHECK(false);
    return true;
  });
}

TEST_CASE("concurrent_map keeps its promises under many goroutines") {
  NoGoroutineLeft leak;
  gort::concurrent_map<int, int> m;
  constexpr int kKeys = 64;
  constexpr int kGoroutines = 8;
  const int rounds = scaled(2'000);
  std::atomic<int> wins{0};
  gort::wait_group all;
  for (int g = 0; g < kGoroutines; ++g) {
    all.go([&, g] {
      for (int k = 0; k < kKeys; ++k) wins += !m.load_or_store(k, 0).second;
      for (int i = 0; i < rounds; ++i) {  // a counter per key, by compare_and_swap
        const int key = (i * 31 + g) % kKeys;
        for (;;) {
          const int old = *m.load(key);
          if (m.compare_and_swap(key, old, old + 1)) break;
        }
      }
    });
  }
  all.wait();
  CHECK(wins.load() == kKeys);
  long sum = 0;
  m.range([&](int, int v) {
    sum += v;
    return true;
  });
  CHECK(sum == static_cast<long>(kGoroutines) * rounds);
}

TEST_CASE("a range over a concurrent_map may change it and sees no key twice") {
  NoGoroutineLeft leak;
  gort::concurrent_map<int, int> m;
  constexpr int kKeys = 500;
  for (int i = 0; i < kKeys; ++i) m.store(i, i);
  std::atomic<bool> stop{false};
  gort::wait_group writer;
  writer.go([&] {
    for (int i = kKeys; !stop.load(); ++i) {
      m.store(i % (2 * kKeys) + kKeys, i);
      m.erase((i + 250) % (2 * kKeys) + kKeys);
      if (i % 100 == 0) gort::yield();
    }
  });
  for (int round = 0; round < 10; ++round) {
    std::vector<int> keys;
    m.range([&](int k, int) {
      if (k < kKeys) {
        keys.push_back(k);
        m.store(k, round);
      }
      return true;
    });
    std::sort(keys.begin(), keys.end());
    CHECK(std::adjacent_find(keys.begin(), keys.end()) == keys.end());
    CHECK(keys.size() == kKeys);  // what is there all the time is seen
  }
  stop = true;
  writer.wait();
}
