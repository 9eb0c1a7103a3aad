// Tests of dying: the text, the status, the hook, and only one report.
//
// Each death is a child process's. Not here: the dump (runtime/), whole programs that die
// (test/crash).
#include "base/assert.h"

#include <doctest/doctest.h>

#include <thread>

#include "base/child_process.h"

using namespace gort::base;
using gort_test::Ended;
using gort_test::in_child;

TEST_CASE("fatal prints its text after `fatal error: ` and exits with status 2") {
  const Ended ended =
      in_child([]() -> int { fatal(FatalScope::none, "%s number %d", "reason", 7); });
  CHECK(ended.status == 2);
  CHECK(ended.text == "fatal error: reason number 7\n");
}

TEST_CASE("what Go prints before the fatal error comes first") {
  const Ended ended =
      in_child([]() -> int { fatal_after("runtime: out of luck\n", FatalScope::none, "luck"); });
  CHECK(ended.status == 2);
  CHECK(ended.text == "runtime: out of luck\nfatal error: luck\n");
}

TEST_CASE("the hook is called with the scope, unless nobody is at fault") {
  const auto die = [](FatalScope scope) {
    return in_child([scope]() -> int {
      set_fatal_hook([](FatalScope given) { write_stderr("scope %d\n", static_cast<int>(given)); });
      fatal(scope, "x");
    });
  };
  CHECK(die(FatalScope::current).text == "fatal error: x\nscope 0\n");
  CHECK(die(FatalScope::all).text == "fatal error: x\nscope 1\n");
  CHECK(die(FatalScope::none).text == "fatal error: x\n");
}

TEST_CASE("a death in the hook ends the process at once") {
  const Ended ended = in_child([]() -> int {
    set_fatal_hook([](FatalScope) { fatal(FatalScope::current, "inner"); });
    fatal(FatalScope::current, "outer");
  });
  CHECK(ended.status == 2);
  CHECK(ended.text == "fatal error: outer\nfatal error: inner\n");
}

TEST_CASE("two threads that die at once print one report") {
  for (int round = 0; round < 20; ++round) {
    const Ended ended = in_child([]() -> int {
      std::thread other([] { fatal(FatalScope::none, "one"); });
      fatal(FatalScope::none, "one");
    });
    CHECK(ended.status == 2);
    CHECK(ended.text == "fatal error: one\n");
  }
}

TEST_CASE("asked for a core, the process dies by SIGABRT") {
  const Ended ended = in_child([]() -> int {
    set_crash_on_fatal(true);
    fatal(FatalScope::none, "core");
  });
  CHECK(ended.signal == SIGABRT);
  CHECK(ended.text.rfind("fatal error: core\n", 0) == 0);  // an emulator adds a line of its own
}

TEST_CASE("a failed check names the expression and the place") {
  const Ended ended = in_child([]() -> int {
    const int one = 1;
    GORT_CHECK(one == 1);
    GORT_CHECK(one == 2);
    return 0;
  });
  CHECK(ended.status == 2);
  CHECK(ended.text.find("gort: internal check failed: one == 2") != std::string::npos);
  CHECK(ended.text.find("assert_test.cc") != std::string::npos);
}

TEST_CASE("a long text is cut off, not overrun") {
  const std::string longer(5'000, 'x');
  const Ended ended = in_child([&]() -> int { fatal(FatalScope::none, "%s", longer.c_str()); });
  CHECK(ended.status == 2);
  CHECK(ended.text.size() < 1'100);
}
