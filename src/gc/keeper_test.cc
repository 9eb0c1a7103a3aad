// What happens in programs that do nothing: they are collected all the same.
//
// Not here: when a period is over (pacer_test.cc).
#include <doctest/doctest.h>

#include <chrono>
#include <gort/detail/gc_core.hpp>
#include <gort/mem_stats.hpp>
#include <gort/time.hpp>

#include "gc/keeper.h"

namespace gort::collector {
namespace {

using namespace std::chrono_literals;

// Another period within a scope.
class Period {
 public:
  explicit Period(std::int64_t ns) : before_(set_period(ns)) {}
  Period(const Period&) = delete;
  Period& operator=(const Period&) = delete;
  ~Period() { set_period(before_); }

 private:
  std::int64_t before_;
};

TEST_CASE("a program that sleeps is collected again and again, by nobody's wish") {  // 47
  detail::gc();  // periods are counted from the first cycle's end
  const Period none(0);
  const mem_stats before = read_mem_stats();
  mem_stats now = before;
  // Those that are forced are of a build that collects at every refill (GODEBUG=gcstress).
  while (now.num_gc - now.num_forced_gc < before.num_gc - before.num_forced_gc + 2) {
    sleep(1ms);
    now = read_mem_stats();
  }
  CHECK(now.num_gc >= before.num_gc + 2);
}

TEST_CASE("a new period counts at once, for who already sleeps through the old one") {
  detail::gc();
  {
    const Period hours(7'200'000'000'000);
    sleep(1ms);
  }
  const Period none(0);
  CHECK(set_period(0) == 0);
  const auto before = read_mem_stats().num_gc;
  while (read_mem_stats().num_gc == before) sleep(1ms);
}

}  // namespace
}  // namespace gort::collector
