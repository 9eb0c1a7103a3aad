// Tests of dumps of a living process: headers, stacks of parked goroutines, creators, elision.
//
// Names and lines depend on debug information and, for some, on libdw: what is checked here is
// there in every build with symbols. Not here: reports of deaths (test/crash).
#include "gort/debug.hpp"

#include <doctest/doctest.h>

#include <sstream>
#include <string>

#include "gort/chan.hpp"
#include "gort/go.hpp"
#include "gort/make.hpp"
#include "gort/runtime.hpp"
#include "runtime/traceback.h"

using gort::runtime::Trace;

namespace {

std::string dump() {
  std::ostringstream out;
  gort::dump_goroutines(out);
  return out.str();
}

[[gnu::noinline]] int wait_deep_down(gort::chan<int> never, int depth);
int (*volatile go_deeper)(gort::chan<int>, int) = wait_deep_down;  // a frame each, optimised or not

int wait_deep_down(gort::chan<int> never, int depth) {
  if (depth == 0) return never.recv().value_or(0);
  return go_deeper(never, depth - 1) + 1;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

// The part of the dump that is about the goroutine of that name.
std::string section(const std::string& text, const std::string& name) {
  const std::size_t at = text.find("\"" + name + "\"");
  if (at == std::string::npos) return {};
  return text.substr(at, text.find("\n\n", at) - at);
}

// The same once the goroutine has come to that state: it may run on another processor meanwhile.
std::string section_once(const std::string& name, const std::string& state) {
  for (;;) {
    const std::string text = section(dump(), name);
    if (text.find("[" + state + "]:") != std::string::npos) return text;
    gort::yield();
  }
}

gort::runtime::SourceFrame named(const char* function) {
  gort::runtime::SourceFrame frame;
  frame.function = function;
  frame.line = 1;
  return frame;
}

}  // namespace

TEST_CASE("a dump shows the caller first, as running, with its stack") {
  const std::string text = dump();
  CHECK(text.rfind("goroutine " + std::to_string(gort::goroutine_id()) + " [running]:\n", 0) == 0);
  CHECK(text.find("gort::dump_goroutines(") != std::string::npos);
}

TEST_CASE("a parked goroutine's stack is walked without touching it") {
  auto never = gort::make<gort::chan<int>>();
  gort::go(gort::goroutine_options{.name = "deep"}, [=] { wait_deep_down(never, 10); });
  const std::string deep = section_once("deep", "chan receive");
  CHECK(count(deep, "wait_deep_down(") == 11);
  CHECK(deep.find("created by ") != std::string::npos);
  CHECK(deep.find("gort::sched::") == std::string::npos);
  never.close();
}

TEST_CASE("of a long stack fifty frames of each end are shown") {
  auto never = gort::make<gort::chan<int>>();
  gort::go(gort::goroutine_options{.name = "long"}, [=] { wait_deep_down(never, 1000); });
  const std::string text = section_once("long", "chan receive");
  CHECK(text.find(" frames elided...") != std::string::npos);
  CHECK(count(text, "wait_deep_down(") >= 95);
  CHECK(count(text, "wait_deep_down(") <= 100);
  never.close();
}

// With one processor a goroutine that was made ready runs after us, unless the system takes our
// thread off its CPU for so long that the monitor lets others run. So a dump is taken again until
// it was in time.
template <class Attempt>
bool in_time(Attempt attempt) {
  const int before = gort::gomaxprocs(1);
  bool seen = false;
  for (int i = 0; i < 1000 && !seen; ++i) seen = attempt();
  gort::gomaxprocs(before);
  return seen;
}

TEST_CASE("a goroutine that has not run yet has no stack but a creator") {
  auto done = gort::make<gort::chan<int>>();
  CHECK(in_time([=] {
    gort::go(gort::goroutine_options{.name = "fresh"}, [=] { done.send(1); });
    const std::string fresh = section(dump(), "fresh");
    CHECK(done.recv() == 1);
    return fresh.find("[runnable]:\ncreated by ") != std::string::npos;
  }));
}

TEST_CASE("a goroutine that was made ready is runnable, whatever it waited for") {
  CHECK(in_time([] {
    auto values = gort::make<gort::chan<int>>();
    auto done = gort::make<gort::chan<int>>();
    gort::go(gort::goroutine_options{.name = "woken"}, [=] {
      values.recv();
      done.send(1);
    });
    section_once("woken", "chan receive");
    values.send(1);
    const std::string woken = section(dump(), "woken");
    CHECK(done.recv() == 1);
    return woken.find("[runnable]:") != std::string::npos;
  }));
}

TEST_CASE("a trace keeps both ends of a stack, and survives being packed") {
  for (const std::size_t total : {5ul, Trace::kEnd, Trace::kEnd + 3, 2 * Trace::kEnd, 1001ul}) {
    CAPTURE(total);
    Trace trace;
    for (std::size_t i = 0; i < total; ++i) trace.add(i);
    Trace copy;
    copy.restore(trace.kept(), trace.total());
    for (const Trace* each : {&trace, &copy}) {
      CHECK(each->total() == total);
      CHECK(each->first(0) == 0);
      const std::size_t outer = each->last_count();
      CHECK(outer == (total <= Trace::kEnd ? 0 : std::min(total - Trace::kEnd, Trace::kEnd)));
      for (std::size_t i = 0; i < outer; ++i) CHECK(each->last(i) == total - outer + i);
    }
  }
}

TEST_CASE("the runtime's own functions and the call wrappers are not shown, the user's are") {
  using gort::runtime::is_internal;
  CHECK(is_internal(named("gort::sched::park(gort::sched::Thread*, gort::WaitReason)")));
  CHECK(is_internal(named("void std::__invoke_impl<void, f()::{lambda()#1}>(other)")));
  CHECK(is_internal(named("void gort::detail::run_inline<int>(void*)")));
  CHECK(is_internal(named("gort_goroutine_entry(...)")));
  CHECK_FALSE(is_internal(named("gort::dump_goroutines(std::ostream&)")));
  CHECK_FALSE(is_internal(named("my::gort::sched::f()")));
  CHECK_FALSE(is_internal(named("main(...)")));
  // Without debug information a first frame may have the user's function in it.
  gort::runtime::SourceFrame bare = named("void gort::detail::run_inline<int>(void*)");
  bare.line = 0;
  CHECK_FALSE(is_internal(bare));
}
