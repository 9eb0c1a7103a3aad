// Tests of once, once_value, once_func, and of pool and concurrent_map where Go's tests
// (test/conformance) do not reach.
//
// Not here: what many goroutines do with them at once (test/stress).
#include <gort/sync.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <gort/runtime.hpp>
#include <gort/time.hpp>

using namespace std::chrono_literals;

TEST_CASE("goexit inside a once counts as having run") {
  gort::once once;
  gort::wait_group group;
  group.go([&] { once.call([] { gort::goexit(); }); });
  group.wait();
  bool again = false;
  once.call([&] { again = true; });
  CHECK_FALSE(again);
}

TEST_CASE("a once_value shares one value among its copies, and drops its function") {
  auto held = std::make_shared<int>(5);
  std::weak_ptr<int> watched = held;
  int runs = 0;
  const gort::once_value value([&runs, held = std::move(held)] {
    ++runs;
    return std::string("value") + std::to_string(*held);
  });
  const std::function<std::string()> copy = value;
  CHECK(copy() == "value5");
  CHECK(&value() == &value());
  CHECK(runs == 1);
  CHECK(watched.expired());
}

TEST_CASE("a once_value gives references as they are") {
  int variable = 3;
  gort::once_value reference([&]() -> int& { return variable; });
  reference() = 4;
  CHECK(variable == 4);
  CHECK(&reference() == &variable);
}

TEST_CASE("a once_value or once_func repeats whatever its function threw") {
  int runs = 0;
  gort::once_value throws_int([&]() -> int {
    ++runs;
    throw 42;
  });
  gort::once_func throws_error([&] {
    ++runs;
    throw std::logic_error("broken");
  });
  for (int i = 0; i < 2; ++i) {
    CHECK_THROWS_AS(throws_int(), int);
    CHECK_THROWS_WITH(throws_error(), "broken");
  }
  CHECK(runs == 2);
  int count = 0;
  gort::once_func counts([&] { ++count; });
  counts();
  counts();
  CHECK(count == 1);
}

TEST_CASE("a once_value whose function ended by goexit says so") {
  gort::once_value value([]() -> int { gort::goexit(); });
  gort::wait_group group;
  group.go([&] { (void)value(); });
  group.wait();
  CHECK_THROWS_AS(value(), gort::runtime_error);
}

TEST_CASE("a pool keeps a bounded number and destroys the rest") {
  struct Counted {
    std::shared_ptr<int> life = std::make_shared<int>();
  };
  auto life = std::make_shared<int>();
  {
    gort::pool<Counted> pool;
    for (std::size_t i = 0; i < 2 * pool.kMost; ++i) pool.put(Counted{life});
    CHECK(life.use_count() > 1);
    CHECK(life.use_count() <= static_cast<long>(pool.kMost) + 1);
    CHECK(pool.get().life == life);
  }
  CHECK(life.use_count() == 1);
}

TEST_CASE("a pool without a function makes values by their default, or throws") {
  gort::pool<std::string> strings;
  CHECK(strings.get().empty());
  struct NoDefault {
    explicit NoDefault(int) {}
  };
  gort::pool<NoDefault> none;
  CHECK_THROWS_AS(none.get(), gort::runtime_error);
  none.put(NoDefault(1));
  none.get();
}

TEST_CASE("a pool whose values are slow to move never makes anybody wait, and loses none") {
  struct Slow {
    Slow() = default;
    explicit Slow(int n) : number(n) {}
    Slow(Slow&& other) noexcept : number(std::exchange(other.number, 0)) { gort::yield(); }
    Slow& operator=(Slow&& other) noexcept {
      number = std::exchange(other.number, 0);
      return *this;
    }
    int number = 0;
  };
  gort::pool<Slow> pool;
  std::atomic<int> sum{0};
  gort::wait_group all;
  for (int g = 1; g <= 4; ++g) {
    all.go([&, g] {
      pool.put(Slow(g));
      sum += pool.get().number;
    });
  }
  all.wait();
  for (int i = 0; i < 4; ++i) sum += pool.get().number;
  CHECK(sum.load() <= 10);
}

TEST_CASE("what a concurrent_map lets go of is destroyed outside its locks") {
  struct Visitor {  // uses the map when it dies
    gort::concurrent_map<int, std::shared_ptr<Visitor>>* map = nullptr;
    int* visits = nullptr;
    ~Visitor() {
      for (int i = 0; i < 100; ++i) map->load(i);
      ++*visits;
    }
  };
  gort::concurrent_map<int, std::shared_ptr<Visitor>> map;
  int visits = 0;
  const auto make = [&] {
    auto made = std::make_shared<Visitor>();
    made->map = &map;
    made->visits = &visits;
    return made;
  };
  map.store(1, make());
  map.store(1, make());
  CHECK(visits == 1);
  map.erase(1);
  CHECK(visits == 2);
  map.store(1, make());
  CHECK(map.compare_and_swap(1, *map.load(1), nullptr));
  CHECK(visits == 3);
  map.store(2, make());
  CHECK(map.compare_and_delete(2, *map.load(2)));
  CHECK(visits == 4);
  map.store(2, make());
  map.clear();
  CHECK(visits == 5);
  int seen = 0;
  map.store(3, nullptr);
  map.range([&](int, const auto&) { ++seen; });
  CHECK(seen == 1);
}
