// The pacer: its arithmetic by hand-computed cases, its promises in simulated programs.
//
// The promises: marking ends at the goal, within a few per cent, without assists once a program is
// steady; growth is paid in memory, not in assists; a limit below what lives slows the program to
// half its speed and no further. Not here: the simulation (pacer_fixture.h), the limiter alone
// (cpu_limiter_test.cc).
#include "gc/pacer.h"

#include <doctest/doctest.h>

#include <cmath>
#include <random>

#include "gc/pacer_fixture.h"

using namespace gort::collector;

namespace {

constexpr std::uint64_t kMegabyte = 1 << 20;

// A pacer whose last cycle found `marked` bytes alive and scanned `work`; it allocated nothing
// while marking, so cons/mark is unknown.
Pacer after_cycle(int percent, std::uint64_t limit, std::uint64_t marked, Roots roots = {}) {
  Pacer pacer(percent, limit);
  pacer.start_cycle(1, marked);
  pacer.end_cycle({.now_ns = 2,
                   .live_bytes = marked,
                   .marked_bytes = marked,
                   .roots = roots,
                   .work = {std::int64_t(marked), std::int64_t(roots.stack_bytes),
                            std::int64_t(roots.global_bytes)},
                   .memory = {}});
  pacer.sweep_done();
  return pacer;
}

void check_steady(const Simulation& simulation) {
  const auto& cycles = simulation.cycles();
  for (std::size_t i = cycles.size() - 5; i < cycles.size(); ++i) {
    CAPTURE(i);
    CHECK(cycles[i].peak / cycles[i].goal > 0.95);
    CHECK(cycles[i].peak / cycles[i].goal < 1.02);
    CHECK(cycles[i].assist_share < 0.02);
  }
}

}  // namespace

TEST_CASE("the first collection starts just below 4 MB, scaled by GOGC") {
  const Target target = Pacer(100).target({});
  CHECK(target.goal == 4 * kMegabyte);
  CHECK(target.trigger == 4 * kMegabyte / 64 * 61);
  CHECK(Pacer(400).target({}).goal == 16 * kMegabyte);
  CHECK(Pacer(50).target({}).goal == 2 * kMegabyte);
  CHECK(Pacer(0).target({}).trigger == 0);  // always
}

TEST_CASE("the end of the arena bounds the goal, with collection off, too") {
  const Memory memory{.allocated_bytes = 100 * kMegabyte, .room_bytes = 50 * kMegabyte};
  for (const int percent : {kPercentOff, 100}) {
    const Target target = after_cycle(percent, kNoMemoryLimit, 80 * kMegabyte).target(memory);
    CHECK(target.goal < 150 * kMegabyte);
    CHECK(target.goal > 147 * kMegabyte);
    CHECK(target.trigger < target.goal);
  }
  const Memory full{.allocated_bytes = 100 * kMegabyte, .room_bytes = 0};
  CHECK(after_cycle(100, kNoMemoryLimit, 80 * kMegabyte).target(full).goal == 100 * kMegabyte);
}

TEST_CASE("the goal doubles what lives at GOGC=100, stacks and globals counting as reason to") {
  CHECK(after_cycle(100, kNoMemoryLimit, 100 * kMegabyte).target({}).goal == 200 * kMegabyte);
  CHECK(after_cycle(50, kNoMemoryLimit, 100 * kMegabyte).target({}).goal == 150 * kMegabyte);
  const Roots roots{30 * kMegabyte, 10 * kMegabyte};
  CHECK(after_cycle(100, kNoMemoryLimit, 100 * kMegabyte, roots).target({}).goal ==
        240 * kMegabyte);
}

TEST_CASE("with GOGC off only the limit makes a goal") {
  CHECK(after_cycle(-1, kNoMemoryLimit, kMegabyte).target({}).trigger > std::uint64_t{1} << 60);
  const Memory memory{110 * kMegabyte, 0, 100 * kMegabyte};
  const Target target = after_cycle(-1, 210 * kMegabyte, 100 * kMegabyte).target(memory);
  CHECK(target.goal == 200 * kMegabyte - 2 * kMegabyte * 3);
}

TEST_CASE("the limit leaves out what is not the heap, what is over it, and headroom") {
  const std::uint64_t live = 20 * kMegabyte;
  const Pacer pacer = after_cycle(1000, 100 * kMegabyte, live);
  CHECK(pacer.target({30 * kMegabyte, 0, 20 * kMegabyte}).goal ==
        90 * kMegabyte - 90 * kMegabyte / 100 * 3);
  // 10 MB too many: 10 MB fewer for the heap, until they are given back.
  CHECK(pacer.target({110 * kMegabyte, 80 * kMegabyte, 20 * kMegabyte}).goal ==
        80 * kMegabyte - 80 * kMegabyte / 100 * 3);
  // Never below what lives: at once, then.
  const Target none = pacer.target({200 * kMegabyte, 0, 20 * kMegabyte});
  CHECK(none.goal == live);
  CHECK(none.trigger == live);
}

TEST_CASE("an assist pays its debt or 64 KB of work, whichever is more") {
  const AssistRatio ratio{2, 0.5};
  CHECK(assist_for(ratio, 100'000).work == 200'000);
  CHECK(assist_for(ratio, 100'000).bytes == 100'000);
  CHECK(assist_for(ratio, 10).work == kOverAssistWork);
  CHECK(assist_for(ratio, 10).bytes == kOverAssistWork / 2);
}

TEST_CASE("the assist ratio is the work left over the bytes left, and the goal moves for growth") {
  Pacer pacer = after_cycle(100, kNoMemoryLimit, 100 * kMegabyte);
  pacer.start_cycle(10, 180 * kMegabyte);
  Pacer::Progress progress{.live_bytes = 190 * kMegabyte,
                           .heap_scan_bytes = 180 * kMegabyte,
                           .roots = {},
                           .work = {std::int64_t(50 * kMegabyte)},
                           .memory = {}};
  // 100 MB expected, 50 done; 10 MB left before 200.
  CHECK(pacer.revise(progress).work_per_byte == doctest::Approx(5));
  CHECK(pacer.revise(progress).bytes_per_work == doctest::Approx(0.2));
  // More than expected: all 180 MB then, and a goal in proportion, 180 + 20 * 1.8 = 216.
  progress.work.heap = 110 * kMegabyte;
  CHECK(pacer.revise(progress).work_per_byte == doctest::Approx(70.0 / 26));
  // Missed: 10 % further.
  progress.live_bytes = 220 * kMegabyte;
  CHECK(pacer.revise(progress).work_per_byte == doctest::Approx(70.0 / (216 * 1.1 - 220)));
  // Missed by far: as dear as can be, not infinite.
  progress.live_bytes = 500 * kMegabyte;
  CHECK(pacer.revise(progress).work_per_byte == doctest::Approx(70.0 * kMegabyte));
}

TEST_CASE("cons/mark is measured at equal processor time, and the largest of five cycles counts") {
  Pacer pacer(100);
  const auto cycle = [&pacer](std::uint64_t allocated, std::int64_t assist_ns) {
    pacer.start_cycle(1000, 100'000);
    pacer.end_cycle({.now_ns = 2000,
                     .processors = 2,
                     .live_bytes = 100'000 + allocated,
                     .marked_bytes = 100'000,
                     .roots = {},
                     .work = {90'000, 6'000, 4'000},
                     .assist_ns = assist_ns,
                     .memory = {}});
    return pacer.cons_mark();
  };
  CHECK(cycle(30'000, 0) == doctest::Approx(0.1));    // 0.3 at a quarter against three
  CHECK(cycle(60'000, 500) == doctest::Approx(0.6));  // at half against half
  CHECK(cycle(0, 500) == doctest::Approx(0.6));       // says nothing
  for (int i = 0; i < 4; ++i) CHECK(cycle(30'000, 0) == doctest::Approx(0.6));
  CHECK(cycle(30'000, 0) == doctest::Approx(0.1));
}

TEST_CASE("a cycle is due after two minutes without one, unless GOGC is off") {
  Pacer pacer(100);
  CHECK_FALSE(pacer.period_is_over(1'000 * kPeriodNs));  // none yet
  pacer = after_cycle(100, kNoMemoryLimit, kMegabyte);
  CHECK_FALSE(pacer.period_is_over(2 + kPeriodNs));
  CHECK(pacer.period_is_over(3 + kPeriodNs));
  pacer.set_gc_percent(-5);
  CHECK(pacer.set_gc_percent(7) == kPercentOff);
  CHECK(pacer.period_is_over(3 + kPeriodNs));
  pacer.set_gc_percent(kPercentOff);
  CHECK_FALSE(pacer.period_is_over(3 + kPeriodNs));
}

TEST_CASE("until the sweep is over the next cycle waits for a megabyte") {
  Pacer pacer(0);
  pacer.start_cycle(1, 50 * kMegabyte);
  pacer.end_cycle({.now_ns = 2,
                   .live_bytes = 50 * kMegabyte,
                   .marked_bytes = 50 * kMegabyte,
                   .roots = {},
                   .work = {},
                   .memory = {}});
  CHECK(pacer.target({}).trigger == 51 * kMegabyte);
  pacer.sweep_done();
  CHECK(pacer.target({}).trigger == 50 * kMegabyte);
}

TEST_CASE("[GP1] whatever the settings, live <= trigger <= goal and ratios are finite") {
  std::mt19937_64 random(1);
  const auto size = [&random] { return std::uint64_t(std::exp2(random() % 48)) + random() % 1000; };
  int wrong = 0;
  for (int i = 0; i < 20'000; ++i) {
    const int percent = random() % 3 == 0 ? int(random() >> 33) : int(random() % 1000) - 1;
    Pacer pacer(percent, random() % 2 ? size() : kNoMemoryLimit);
    const Roots roots{size() / 4, size() / 4};
    const Memory memory{size(), size(), size()};
    std::uint64_t live = size();
    for (int cycle = 0; cycle < 4; ++cycle) {
      pacer.start_cycle(cycle * 10 + 1, live);
      const Work work{std::int64_t(size()), std::int64_t(roots.stack_bytes), 0};
      const AssistRatio ratio = pacer.revise({live, size(), roots, work, memory});
      wrong += !std::isfinite(ratio.work_per_byte) || ratio.work_per_byte <= 0;
      wrong += !std::isfinite(ratio.bytes_per_work) || ratio.bytes_per_work <= 0;
      const std::uint64_t end = live + size();
      pacer.end_cycle({.now_ns = cycle * 10 + 5,
                       .processors = 2,
                       .live_bytes = end,
                       .marked_bytes = end / 2,
                       .roots = roots,
                       .work = work,
                       .assist_ns = std::int64_t(random() % 20),
                       .memory = memory});
      if (random() % 2) pacer.sweep_done();
      const Target target = pacer.target(memory);
      wrong += target.trigger > target.goal || target.trigger < pacer.heap_marked();
      live = target.trigger;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("a steady program: marking ends at the goal, without assists, from 1 to 8 processors") {
  for (int processors : {1, 2, 4, 8}) {
    for (int percent : {50, 100, 400}) {
      CAPTURE(processors);
      CAPTURE(percent);
      // Chosen so that the runway lies between the trigger's bounds.
      Simulation simulation({.processors = processors, .allocation_rate = 0.04 * percent / 100},
                            percent);
      simulation.run_cycles(15);
      check_steady(simulation);
    }
  }
}

TEST_CASE("a program with deep stacks and many globals is steady, too") {
  Simulation simulation({.allocation_rate = 0.04, .stack_bytes = 20e6, .global_bytes = 10e6}, 100);
  simulation.run_cycles(15);
  check_steady(simulation);
  CHECK(simulation.last().goal ==
        doctest::Approx(2 * simulation.last().marked + 30e6).epsilon(0.02));
}

TEST_CASE("a program that allocates faster than can be marked is held at the goal by assists") {
  Simulation simulation({.allocation_rate = 2}, 100);
  simulation.run_cycles(15);
  CHECK(simulation.last().peak / simulation.last().goal < 1.05);
  CHECK(simulation.last().assist_share > 0.1);
}

TEST_CASE("a heap that grows by a fifth in each cycle is let grow, with few assists") {
  Simulation simulation(
      {.allocation_rate = 0.04, .live = [](int cycle) { return 16e6 * std::pow(1.2, cycle); }},
      100);
  simulation.run_cycles(20);
  for (std::size_t i = 5; i < simulation.cycles().size(); ++i) {
    const Cycle& cycle = simulation.cycles()[i];
    CAPTURE(i);
    CHECK(cycle.peak / cycle.goal < 1.1);
    CHECK(cycle.assist_share < 0.1);
  }
}

TEST_CASE("a program that stops growing is steady again five cycles later") {
  Simulation simulation({.allocation_rate = 0.04,
                         .live = [](int cycle) { return cycle < 8 ? 8e6 * (cycle + 1) : 64e6; }},
                        100);
  simulation.run_cycles(20);
  check_steady(simulation);
}

TEST_CASE("under a limit that has room the heap stays below it and few collections are needed") {
  Simulation simulation({.allocation_rate = 0.04}, -1, 150'000'000);
  simulation.run_cycles(15);
  for (const Cycle& cycle : simulation.cycles()) CHECK(cycle.peak < 148e6);
  CHECK(simulation.last().peak > 130e6);
  CHECK(simulation.collector_share() < 0.15);
}

TEST_CASE("a limit below what lives halves the program's speed; without the limiter it would die") {
  Simulation simulation({.allocation_rate = 2}, 100, 30'000'000);
  simulation.run_ns(20e9);
  const double unimpeded = 20e9 * 2 * 2;
  CHECK(simulation.collector_share() > 0.4);
  CHECK(simulation.collector_share() < 0.53);  // a half, and the bucket of a second
  CHECK(simulation.allocated() > 0.47 * unimpeded);

  Simulation doomed({.allocation_rate = 2, .limiter = false}, 100, 30'000'000);
  doomed.run_ns(20e9);
  CHECK(doomed.collector_share() > 0.9);
}
