// A program and its collector, simulated: what the pacer's promises are judged against.
//
// Time goes in steps. Between cycles the processors allocate; while marking a quarter of them
// marks, and allocation pays assists at the pacer's ratio, out of the background's credit first.
// Everything is arithmetic on injected time, so a run of minutes takes milliseconds and is the same
// each time. Not here: the asserted numbers (pacer_test.cc).
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

#include "gc/cpu_limiter.h"
#include "gc/pacer.h"

namespace gort::collector {

struct Program {
  int processors = 2;
  // Bytes per nanosecond of one processor.
  double allocation_rate = 0.5;
  double mark_rate = 1;
  double scannable = 1;  // share of the heap that has to be looked into
  std::function<double(int cycle)> live = [](int) { return 64e6; };  // bytes that survive cycle i
  double stack_bytes = 0, global_bytes = 0;
  double other_bytes = 2e6;  // memory that is not the heap's
  bool limiter = true;
};

struct Cycle {
  double peak = 0, goal = 0, trigger = 0, marked = 0;
  double assist_share = 0;  // of processor time while marking
  double mark_ns = 0;
};

class Simulation {
 public:
  Simulation(Program program, int gc_percent, std::uint64_t memory_limit = kNoMemoryLimit)
      : program_(std::move(program)),
        pacer_(gc_percent, memory_limit),
        limiter_(0, program_.processors) {}

  void run_cycles(int count) {
    const std::size_t until = cycles_.size() + count;
    while (cycles_.size() < until) step();
  }
  void run_ns(double ns) {
    const double until = now_ns_ + ns;
    while (now_ns_ < until) step();
  }

  const std::vector<Cycle>& cycles() const { return cycles_; }
  const Cycle& last() const { return cycles_.back(); }
  Pacer& pacer() { return pacer_; }
  // Since the beginning.
  double collector_share() const { return collector_ns_ / (now_ns_ * program_.processors); }
  double allocated() const { return allocated_; }

 private:
  static constexpr double kStepNs = 20'000;

  Memory memory() const {
    const auto heap = static_cast<std::uint64_t>(heap_);
    return {heap + static_cast<std::uint64_t>(program_.other_bytes), 0, heap};
  }
  Roots roots() const {
    return {static_cast<std::uint64_t>(program_.stack_bytes),
            static_cast<std::uint64_t>(program_.global_bytes)};
  }
  double root_bytes() const { return program_.stack_bytes + program_.global_bytes; }

  void step() {
    now_ns_ += kStepNs;
    if (pacer_.marking()) {
      mark();
      if (work_ >= to_scan_) end();
    } else {
      allocate(kStepNs * program_.processors * program_.allocation_rate);
      if (heap_ >= double(pacer_.target(memory()).trigger)) start();
    }
    if (limiter_.needs_update(now())) limiter_.update(now());
  }
  std::int64_t now() const { return static_cast<std::int64_t>(now_ns_); }
  void allocate(double bytes) {
    heap_ += bytes;
    allocated_ += bytes;
  }

  void start() {
    cycle_ = {};
    cycle_.trigger = heap_;
    live_ = std::min(program_.live(int(cycles_.size())), heap_);
    to_scan_ = live_ * program_.scannable + root_bytes();
    heap_scan_ = heap_ * program_.scannable;
    start_ns_ = now_ns_;
    work_ = credit_ = assist_ns_ = 0;
    pacer_.start_cycle(now(), std::uint64_t(heap_));
    limiter_.start_transition(now(), true);
    limiter_.finish_transition(now());
  }

  Work work() const {
    const double heap = std::max(work_ - root_bytes(), 0.0);
    return {std::int64_t(heap), std::int64_t(std::min(work_, program_.stack_bytes)),
            std::int64_t(program_.global_bytes)};
  }

  void mark() {
    const double background_ns = kStepNs * kBackgroundShare * program_.processors;
    const double program_ns = kStepNs * program_.processors - background_ns;
    const double background = background_ns * program_.mark_rate;
    credit_ += background;
    work_ += background;

    const AssistRatio ratio =
        pacer_.revise({static_cast<std::uint64_t>(heap_), static_cast<std::uint64_t>(heap_scan_),
                       roots(), work(), memory()});
    // What bytes can be had in the time that there is, if each must be paid for?
    double bytes = program_ns * program_.allocation_rate, assist_ns = 0;
    const bool free = program_.limiter && limiter_.limiting();
    if (!free && bytes * ratio.work_per_byte > credit_) {
      const double cost = 1 / program_.allocation_rate + ratio.work_per_byte / program_.mark_rate;
      bytes = std::min(bytes, (program_ns + credit_ / program_.mark_rate) / cost);
      assist_ns = std::max(program_ns - bytes / program_.allocation_rate, 0.0);
    }
    if (!free) credit_ = std::max(credit_ - bytes * ratio.work_per_byte, 0.0);
    allocate(bytes);
    work_ += assist_ns * program_.mark_rate;
    assist_ns_ += assist_ns;
    collector_ns_ += assist_ns + background_ns;
    limiter_.add_assist_time(static_cast<std::int64_t>(assist_ns));
  }

  void end() {
    cycle_.peak = heap_;
    cycle_.mark_ns = now_ns_ - start_ns_;
    cycle_.assist_share = assist_ns_ / (cycle_.mark_ns * program_.processors);
    // What was allocated while marking is black, so it survives.
    cycle_.marked = live_ + (heap_ - cycle_.trigger);
    pacer_.end_cycle({.now_ns = now(),
                      .processors = program_.processors,
                      .live_bytes = static_cast<std::uint64_t>(heap_),
                      .marked_bytes = static_cast<std::uint64_t>(cycle_.marked),
                      .roots = roots(),
                      .work = work(),
                      .assist_ns = static_cast<std::int64_t>(assist_ns_),
                      .memory = memory()});
    cycle_.goal = double(pacer_.last_goal());
    heap_ = cycle_.marked;
    limiter_.start_transition(now(), false);
    limiter_.finish_transition(now());
    pacer_.sweep_done();
    cycles_.push_back(cycle_);
  }

  const Program program_;
  Pacer pacer_;
  CpuLimiter limiter_;
  double now_ns_ = 0, heap_ = 0, allocated_ = 0, collector_ns_ = 0;
  // The cycle under way.
  double start_ns_ = 0, live_ = 0, to_scan_ = 0, heap_scan_ = 0, work_ = 0, credit_ = 0;
  double assist_ns_ = 0;
  Cycle cycle_;
  std::vector<Cycle> cycles_;
};

}  // namespace gort::collector
