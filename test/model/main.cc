// model_test: explores every protocol of variants.cc; sound ones must lose nothing, others must.
//
//   model_test            what every test run affords: 8 seconds
//   model_test 1          the chosen protocol in larger shapes: 65 million states, 2 minutes
//   model_test 2          larger still: as long as it takes, and gigabytes
//   model_test 0 WORD     only protocols whose names have WORD
//
// A sound protocol must also have done everything: an action never taken in any shape means that
// the model was looking at less than it claims. Not here: the machine (protocol.h), the search
// (explore.h).
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

#include "test/model/explore.h"
#include "test/model/variants.h"

namespace {

using namespace model;

constexpr std::size_t kLimits[] = {4'000'000, 60'000'000, 400'000'000};

using Counts = std::array<std::size_t, std::size_t(Action::count)>;

// Whether every action that the protocol has was taken.
bool all_taken(const Protocol& protocol, const Counts& taken) {
  bool all = true;
  for (std::size_t i = 0; i < taken.size(); ++i) {
    const Action action = Action(i);
    const bool has_restart = protocol.restart != Restart::none;
    if (action == Action::begin_store && !has_restart) continue;
    if (action == Action::test &&
        (protocol.barrier == Barrier::both || protocol.barrier == Barrier::call)) {
      continue;  // in the first step
    }
    if (taken[i] == 0) {
      Step step{State{}, action};
      std::printf("  never taken: %s\n", step.describe().c_str());
      all = false;
    }
  }
  return all;
}

// True if the model's verdict is the expected one.
bool judge(const Variant& variant, std::size_t limit, Verdict& verdict) {
  verdict = explore(variant.protocol, variant.shape, limit);
  const Shape& shape = variant.shape;
  const bool right = variant.sound ? verdict.complete && !verdict.lost : verdict.lost;
  std::printf("%s  %-72s %10zu states, %s", right ? "ok   " : "WRONG",
              variant.protocol.name.c_str(), verdict.states,
              verdict.lost ? "loses an object" : "loses nothing");
  if (!verdict.lost && !verdict.complete) std::printf(" SO FAR: the limit was met");
  std::printf("  (%d objects%s, %d slots, %d+%d registers%s%s)\n", shape.objects,
              shape.fields ? " with fields" : "", shape.slots, shape.registers[0],
              shape.registers[1], shape.frame ? ", frame" : "", shape.exchange ? ", exchange" : "");
  if (verdict.lost) {
    for (const std::string& line : verdict.trace) std::printf("       %s\n", line.c_str());
  }
  std::fflush(stdout);
  return right;
}

}  // namespace

int main(int argc, char** argv) {
  const int size = argc > 1 ? std::atoi(argv[1]) : 0;
  const char* const word = argc > 2 ? argv[2] : "";
  if (size < 0 || size > 2) {
    std::fprintf(stderr, "usage: model_test [0|1|2 [WORD]]\n");
    return 2;
  }
  int judged = 0, wrong = 0;
  std::map<std::string, std::pair<Protocol, Counts>> sound;
  for (const Variant& variant : variants(size)) {
    if (!std::strstr(variant.protocol.name.c_str(), word)) continue;
    Verdict verdict;
    ++judged;
    wrong += !judge(variant, kLimits[size], verdict);
    if (!variant.sound) continue;
    auto& [protocol, total] = sound[variant.protocol.name];
    protocol = variant.protocol;
    for (std::size_t i = 0; i < total.size(); ++i) total[i] += verdict.taken[i];
  }
  for (const auto& [name, entry] : sound) {
    if (!all_taken(entry.first, entry.second)) {
      std::printf("WRONG  %s: not all that it can do\n", name.c_str());
      ++wrong;
    }
  }
  std::printf("%d protocols judged, %d wrongly\n", judged, wrong);
  return wrong != 0 || judged == 0;
}
