// sim_test: runs simulated programs, a seed each, and names the seed that fails.
//
// A process boots the scheduler once, so every seed has a child of its own; the parent never
// touches gort. The seed decides everything: how many processors, how restless the simulator is,
// whether somebody plays the monitor, which scenarios run side by side, and then every choice of
// every scenario and of the simulator. Addresses must not decide anything, but a hash of one may:
// so the process runs without address randomisation where that is allowed. Not here: the simulator
// (sched/simulate.h), the programs (*_scenarios.cc).
#include <sys/personality.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "sched/attach.h"
#include "sched/world.h"
#include "test/sim/scenario.h"

namespace {

using namespace sim;

constexpr unsigned kHungAfterSeconds = 30;  // a loop that never meets the simulator

std::vector<Scenario> all_scenarios() {
  std::vector<Scenario> all;
  for (const auto* list :
       {&scheduler_scenarios, &thread_scenarios, &public_scenarios, &lock_scenarios}) {
    all.insert(all.end(), list->begin(), list->end());
  }
  return all;
}

struct Plan {
  gort::sched::Simulator::Options options;
  std::uint32_t processors = 1;
  bool meddler = false;
  std::vector<Scenario> scenarios;
};

Plan plan_of(std::uint64_t seed, const char* only) {
  gort::base::Random random(seed * 0x9e3779b97f4a7c15 + 1);
  for (int i = 0; i < 8; ++i) random.next();
  Plan plan;
  constexpr std::uint32_t kSwitches[] = {1, 2, 4, 16, 64};
  plan.options.seed = seed;
  plan.options.switch_one_in = kSwitches[random.below(5)];
  plan.options.freeze_one_in = random.below(2) == 0 ? 0 : 10 + random.below(100);
  plan.processors = 1 + random.below(4);
  plan.meddler = random.below(2) == 0;
  const std::vector<Scenario> all = all_scenarios();
  for (std::uint32_t n = 1 + random.below(3); n > 0; --n) {
    const Scenario& chosen = all[random.below(static_cast<std::uint32_t>(all.size()))];
    if (only == nullptr) plan.scenarios.push_back(chosen);
  }
  for (const Scenario& scenario : all) {
    if (only != nullptr && std::strcmp(scenario.name, only) == 0) {
      plan.scenarios.push_back(scenario);
    }
  }
  return plan;
}

void check_quiet() {
  using gort::sched::scheduler;
  simulator->settle();
  EXPECT(scheduler.spinning.load() == 0);
  EXPECT(scheduler.without_processor == 0);
  EXPECT(scheduler.global_size.load() == 0);
  EXPECT(scheduler.foreign_count.load() == 1);  // the thread that called run(): it stays attached
  EXPECT(scheduler.idle_count.load() == scheduler.processor_count.load());
}

void run_plan(void* argument) {
  const Plan& plan = *static_cast<Plan*>(argument);
  Crew crew;
  for (const Scenario& scenario : plan.scenarios) crew.go(scenario.run);
  crew.join();
}

[[noreturn]] void run_child(Plan plan) {
  ::alarm(kHungAfterSeconds);
  ::setenv("GOMAXPROCS", std::to_string(plan.processors).c_str(), 1);
  gort::sched::Simulator here(plan.options);
  simulator = &here;
  // The runtime's own report would stop a world that may be what is broken.
  gort::sched::ensure_booted();
  gort::base::set_fatal_hook(
      [](gort::base::FatalScope) { simulator->fail("the runtime gave up"); });
  if (plan.meddler) {
    // It looks at processors: there must be some.
    gort::sched::run_main_goroutine([](void*) {}, nullptr);
    here.start_meddler();
  }
  gort::sched::run_main_goroutine(run_plan, &plan);
  if (!plan.meddler) check_quiet();
  std::fflush(nullptr);
  ::_exit(0);
}

bool run_seed(std::uint64_t seed, const char* only, bool verbose) {
  const Plan plan = plan_of(seed, only);
  std::string text = std::to_string(plan.processors) + " processors, a switch in " +
                     std::to_string(plan.options.switch_one_in) + " steps" +
                     (plan.options.freeze_one_in != 0 ? ", freezes" : "") +
                     (plan.meddler ? ", meddler" : "") + ":";
  for (const Scenario& scenario : plan.scenarios) text += std::string(" ") + scenario.name;
  if (verbose) std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), text.c_str());
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child == 0) run_child(plan);
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) return false;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
  std::printf("seed %llu failed (%s %d), %s\n  replay it: ./dev sim --seed %llu%s%s\n",
              static_cast<unsigned long long>(seed), WIFEXITED(status) ? "exit status" : "signal",
              WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), text.c_str(),
              static_cast<unsigned long long>(seed), only != nullptr ? " --only " : "",
              only != nullptr ? only : "");
  std::fflush(stdout);
  return false;
}

[[noreturn]] void usage() {
  std::fprintf(stderr,
               "usage: sim_test [--seed N] [--count M] [--only SCENARIO]\n"
               "  --seed N    the first seed (1); without --count it is the only one\n"
               "  --count M   so many seeds (2000)\n"
               "  --only S    the scenario S alone:");
  for (const Scenario& scenario : all_scenarios()) std::fprintf(stderr, " %s", scenario.name);
  std::fprintf(stderr, "\n");
  std::exit(2);
}

}  // namespace

int main(int argc, char** argv) {
  const int persona = ::personality(0xffffffff);
  if (persona != -1 && (persona & ADDR_NO_RANDOMIZE) == 0 &&
      ::personality(static_cast<unsigned long>(persona) | ADDR_NO_RANDOMIZE) != -1) {
    ::execv("/proc/self/exe", argv);  // on failure we go on: only replays are less exact
  }
  std::uint64_t first = 1, count = 0;
  const char* only = nullptr;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (i + 1 == argc) usage();
    const char* value = argv[++i];
    if (name == "--seed") {
      first = std::strtoull(value, nullptr, 10);
      if (count == 0) count = 1;
    } else if (name == "--count") {
      count = std::strtoull(value, nullptr, 10);
    } else if (name == "--only") {
      only = value;
    } else {
      usage();
    }
  }
  const bool verbose = count == 1;
  if (count == 0) count = 2000;
  std::uint64_t failed = 0;
  for (std::uint64_t seed = first; seed < first + count && failed < 3; ++seed) {
    failed += run_seed(seed, only, verbose) ? 0 : 1;
  }
  if (failed == 0) std::printf("%llu seeds passed\n", static_cast<unsigned long long>(count));
  return failed == 0 ? 0 : 1;
}
