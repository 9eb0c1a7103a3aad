// Tests of the questions about the whole program: gomaxprocs, limits, configuration.
//
// The tests run inside run(), in the main goroutine. Not here: what happens beyond a limit
// (test/crash).
#include "gort/runtime.hpp"

#include <doctest/doctest.h>

#include <string>

#include "gort/chan.hpp"
#include "gort/error.hpp"
#include "gort/go.hpp"
#include "gort/make.hpp"

namespace {

std::string refusal(const gort::config& wanted) {
  try {
    gort::detail::run_main(
        wanted, [](void*) {}, nullptr);
  } catch (const gort::runtime_error& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("gomaxprocs changes at run time, returns what it was, and only asks below one") {
  const int before = gort::gomaxprocs();
  CHECK(before >= 1);
  CHECK(gort::gomaxprocs(3) == before);
  CHECK(gort::gomaxprocs() == 3);
  CHECK(gort::gomaxprocs(0) == 3);
  CHECK(gort::gomaxprocs(-7) == 3);
  CHECK(gort::gomaxprocs(1) == 3);
  auto done = gort::make<gort::chan<int>>();
  gort::go([=] { done.send(gort::gomaxprocs()); });
  CHECK(done.recv() == 1);
  CHECK(gort::gomaxprocs(before) == 1);
}

TEST_CASE("a configuration that cannot be is refused, naming the field") {
  CHECK(refusal({.maxprocs = -1}) ==
        "config.maxprocs: want 1 to 1024, or 0 for the default, got -1");
  CHECK(refusal({.maxprocs = 1025}).find("config.maxprocs") == 0);
  CHECK(refusal({.gc_percent = -2}).find("config.gc_percent") == 0);
  CHECK(refusal({.memory_limit = -1}).find("config.memory_limit") == 0);
  CHECK(refusal({.stack_limit = 100}) ==
        "config.stack_limit: want 16384 to 1073741824 bytes, or 0 for the default, got 100");
  CHECK(refusal({.max_threads = -1}).find("config.max_threads") == 0);
}

TEST_CASE("limits return what they were and refuse what makes no sense") {
  const std::size_t stack = gort::set_max_stack(std::size_t{8} << 20);
  CHECK(gort::set_max_stack(std::size_t{16} << 20) == std::size_t{8} << 20);
  CHECK(gort::set_max_stack(stack) == std::size_t{16} << 20);
  CHECK_THROWS_AS(gort::set_max_stack(1), gort::runtime_error);
  CHECK_THROWS_AS(gort::set_max_stack(std::size_t{2} << 30), gort::runtime_error);
  const int threads = gort::set_max_threads(500);
  CHECK(threads == 10'000);
  CHECK(gort::set_max_threads(threads) == 500);
  CHECK_THROWS_AS(gort::set_max_threads(0), gort::runtime_error);
}

TEST_CASE("a limit that was lowered and raised again is gone for the goroutine that did so") {
  // Recursion past the lower limit would end the process.
  struct Recursion {
    [[gnu::noinline]] static int descend(int depth) {
      volatile char frame[1024];
      frame[0] = 1;
      return depth == 0 ? 0 : descend(depth - 1) + frame[0];
    }
  };
  auto deep = gort::make<gort::chan<int>>();
  gort::go([=] {
    const std::size_t before = gort::set_max_stack(std::size_t{1} << 20);
    gort::set_max_stack(std::size_t{512} << 10);
    gort::set_max_stack(before);
    deep.send(Recursion::descend(4096));
  });
  CHECK(deep.recv() == 4096);
}

TEST_CASE("goroutines have numbers of their own") {
  const std::uint64_t mine = gort::goroutine_id();
  CHECK(mine > 0);
  CHECK(gort::goroutine_id() == mine);
  auto other = gort::make<gort::chan<std::uint64_t>>();
  gort::go([=] { other.send(gort::goroutine_id()); });
  CHECK(other.recv() != mine);
  CHECK(gort::num_cpu() >= 1);
}
