// Where gort itself keeps what a program gave it: results of tasks, values of once_value, of
// singleflight and of contexts, functions of timers.
//
// All of it may refer to collected objects by plain pointers, alone or inside of something else, as
// what a goroutine is started with may.
// Not here: functions of goroutines -> gc_bodies.cc.

#include "gc_support.h"

#include <functional>
#include <tuple>
#include <utility>

using namespace conformance;

namespace {

struct Pair {
  int number;
  Cell* cell;
};

// On a goroutine of its own, whose stack is gone when it returns.
template <class F>
auto made_elsewhere(F f) {
  std::optional<std::invoke_result_t<F&>> made;
  elsewhere([&] { made.emplace(f()); });
  wipe_stack();
  return std::move(*made);
}
// Freed memory is used again, for objects of the same kind.
void collect_and_reuse() {
  collect_and_churn();
  for (int i = 0; i < scaled(5'000); ++i) new_cell(0xdead);
}

}  // namespace

TEST_CASE("a task keeps its result") {
  auto plain = made_elsewhere([] {
    auto t = gort::spawn([] { return new_cell(1); });
    t.wait();
    return t;
  });
  auto reference = made_elsewhere([] {
    auto t = gort::spawn([]() -> Cell& { return *new_cell(2); });
    t.wait();
    return t;
  });
  auto inside = made_elsewhere([] {
    auto t = gort::spawn([] { return std::tuple(std::string("x"), Pair{7, new_cell(3)}); });
    t.wait();
    return t;
  });
  collect_and_reuse();
  CHECK(plain.get()->holds(1));
  CHECK(reference.get().holds(2));
  CHECK(std::get<Pair>(inside.get()).cell->holds(3));
}

TEST_CASE("a result that was not asked for keeps nothing") {
  struct Tag;
  using Mine = MortalOf<Tag>;
  constexpr int kCount = 200;
  elsewhere([] {
    for (int i = 0; i < kCount; ++i) {
      auto t = gort::spawn([] { return gort::new_<Mine>(); });
      t.wait();
    }
  });
  CHECK(nearly_all_end<Mine>(kCount));
}

TEST_CASE("once_value keeps its value, and its function until that is called") {
  auto called = made_elsewhere([] {
    gort::once_value value(std::function<Cell*()>([] { return new_cell(1); }));
    value();
    return value;
  });
  auto waiting = made_elsewhere([] {
    return gort::once_value([cell = new_cell(2)] { return Pair{1, cell}; });
  });
  collect_and_reuse();
  CHECK(called()->holds(1));
  CHECK(waiting().cell->holds(2));
}

TEST_CASE("singleflight keeps the value for those who still wait for it") {
  gort::singleflight<int, Cell*> flights;
  std::atomic<int> right{0};
  constexpr int kWaiters = 4;
  gort::wait_group done;
  auto go_on = gort::make<gort::chan<int>>();
  auto running = gort::make<gort::chan<int>>();
  done.go([&] {
    flights.run(1, [&] {
      running.close();
      go_on.recv();
      return new_cell(1);
    });
  });
  running.recv();
  for (int i = 0; i < kWaiters; ++i) {
    done.go([&] {
      Cell* const cell = flights.run(1, [] { return new_cell(1); });
      right += cell->holds(1);
    });
  }
  ConstantCollection collecting;
  go_on.close();
  done.wait();
  CHECK(right.load() == kWaiters);
}

TEST_CASE("a context keeps its values") {
  static const gort::context_key<Pair> key;
  auto ctx = made_elsewhere([] {
    return gort::with_value(gort::with_value(gort::background(), new_cell(1)), key,
                            {5, new_cell(2)});
  });
  collect_and_reuse();
  CHECK((*ctx.value<Cell*>())->holds(1));
  CHECK(ctx.value(key)->cell->holds(2));
}

TEST_CASE("a timer keeps what its function has captured") {
  std::atomic<int> right{0};
  gort::wait_group done;
  done.add(2);
  auto [ctx, cancel] = gort::with_cancel(gort::background());
  auto timer = made_elsewhere([&] {
    return gort::after_func(1h, [cell = new_cell(1), &right, &done] {
      right += cell->holds(1);
      done.done();
    });
  });
  elsewhere([&, ctx = ctx] {
    gort::after_func(ctx, [cell = new_cell(2), &right, &done] {
      right += cell->holds(2);
      done.done();
    });
  });
  wipe_stack();
  collect_and_reuse();
  timer.reset(1ms);
  cancel();
  done.wait();
  CHECK(right.load() == 2);
}

TEST_CASE("a timer that is gone keeps nothing") {
  struct Tag;
  using Mine = MortalOf<Tag>;
  constexpr int kCount = 200;
  elsewhere([] {
    for (int i = 0; i < kCount; ++i) {
      gort::after_func(1h, [mine = gort::new_<Mine>()] { gort::keep_alive(mine); }).stop();
    }
  });
  CHECK(nearly_all_end<Mine>(kCount));
}
