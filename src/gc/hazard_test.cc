// References where they should not be are reported, and others are not.
//
// The report is for programs started with GODEBUG=malloccheck=1, so this one starts itself again,
// with the test that is otherwise skipped. Only in checked builds without a sanitizer.
// Not here: mistakes of the collector's own (verify_test.cc).
#include "gc/hazard.h"

#if defined(GORT_CHECKED) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <gort/gort.hpp>
#include <gort/heap.hpp>
#include <gort/detail/gc_core.hpp>
#include <vector>

#include "base/child_process.h"

namespace gort::collector {
namespace {

struct Node {
  std::uint64_t value = 0;
  ptr<Node> next;
};

template <class Held>
void hold(std::vector<Held>& held) {
  wait_group made;
  made.go([&] {
    for (int i = 0; i < 50; ++i) held.push_back(new_<Node>());
  });
  made.wait();
}

TEST_CASE("started by the test of malloccheck" * doctest::skip()) {
  CHECK(hazard_checks());
  {
    std::vector<ptr<Node>> right;
    hold(right);
    detail::gc();
    detail::gc();
    CHECK(hazards_reported() == 0);
  }
  std::vector<Node*> wrong;
  hold(wrong);
  detail::gc();
  detail::gc();
  CHECK(hazards_reported() >= 45);
}

TEST_CASE("with malloccheck, plain pointers in malloc'd memory are reported when the object dies") {
  const auto ended = gort_test::in_child([] {
    ::setenv("GODEBUG", "malloccheck=1", 1);
    ::execl("/proc/self/exe", "gc_test", "--no-skip",
            "--test-case=started by the test of malloccheck", static_cast<char*>(nullptr));
    return 9;
  });
  CHECK(ended.status == 0);
  CHECK(ended.text.find("gort: malloccheck: the word at 0x") != std::string::npos);
  CHECK(ended.text.find("in a block of") != std::string::npos);
}

}  // namespace
}  // namespace gort::collector

#endif
