// Who keeps an object: the kinds of roots, and chains of objects.
//
// What is asked for is made on goroutines that have ended, so that their stacks do not keep it.
// Not here: that everything is reached (verify.h asks that of every collection).

#include <doctest/doctest.h>

#include <gort/debug.hpp>
#include <gort/detail/gc_core.hpp>
#include <gort/gort.hpp>
#include <gort/heap.hpp>
#include <memory>
#include <string>
#include <vector>

namespace gort::collector {
namespace {

struct Node {
  std::uint64_t value = 0;
  ptr<Node> next;
};

#if defined(__clang__)
#define GORT_PATH_SCOPE "gort::collector::(anonymous namespace)::"
#else
#define GORT_PATH_SCOPE "gort::collector::{anonymous}::"
#endif

bool begins(const std::string& text, const char* start) { return text.rfind(start, 0) == 0; }

ptr<Node> global;

// On a stack that is gone, for nothing to be left on the test's own.
Node* end_of_chain(ptr<Node>& head, int length) {
  Node* last = nullptr;
  wait_group made;
  made.go([&] {
    head = last = new_<Node>();
    for (int i = 1; i < length; ++i) {
      last->next = new_<Node>();
      last = last->next;
    }
  });
  made.wait();
  return last;
}

TEST_CASE("a path leads from a global variable through the objects to the one asked for") {
  Node* const last = end_of_chain(global, 4);
  const auto lines = debug::path_to_root(&last->value);
  CHECK(lines.size() == 5);
  if (lines.size() == 5) {
    CHECK(begins(lines[0], "handle at 0x"));
    CHECK(begins(lines[1], "-> object 0x"));
    CHECK(begins(lines[2], "+8 -> object 0x"));
    CHECK(lines[4].find(", 16 bytes") != std::string::npos);
  }
  global = nullptr;
}

struct Ending {
  ptr<Ending> next;
  ~Ending() { next = nullptr; }
};
struct Table {
  ptr<Node> all[100];
};
struct Numbers {
  std::uint64_t all[100] = {};
};
bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}
// What is said of an object that a handle elsewhere holds.
template <class Handle>
std::string said_of(Handle object) {
  const auto held = std::make_unique<Handle>(object);
  const auto lines = debug::path_to_root(&*object);
  return lines.empty() ? "" : lines.back();
}

TEST_CASE("types of objects are named: of labelled ones, in checked builds of all") {
  CHECK(ends_with(said_of(ptr(new_<Ending>())), ", with a destructor, " GORT_PATH_SCOPE "Ending"));
  CHECK(ends_with(said_of(ptr(new_<Table>())), ", " GORT_PATH_SCOPE "Table"));
#ifdef GORT_CHECKED
  CHECK(ends_with(said_of(ptr(new_<Node>())), ", " GORT_PATH_SCOPE "Node"));
  CHECK(ends_with(said_of(ptr(new_<Numbers>())), ", without pointers, " GORT_PATH_SCOPE "Numbers"));
#endif
}

TEST_CASE("a long chain is told by its ends") {
  Node* const last = end_of_chain(global, 100'000);
  const auto lines = debug::path_to_root(last);
  CHECK(lines.size() > 20);
  CHECK(lines.size() < 200);
  bool gap = false;
  for (const std::string& line : lines) gap |= begins(line, "... ");
  CHECK(gap);
  global = nullptr;
}

TEST_CASE("a parked goroutine's stack is a root") {
  auto held = make<chan<unit>>();
  auto go_on = make<chan<unit>>();
  auto ended = make<chan<unit>>();
  std::atomic<std::uintptr_t> hidden{0};
  gort::go([&] {
    Node* const node = new_<Node>();
    hidden = ~reinterpret_cast<std::uintptr_t>(node);
    held.send({});
    go_on.recv();
    keep_alive(node);
    ended.send({});
  });
  held.recv();
  const auto lines = debug::path_to_root(reinterpret_cast<Node*>(~hidden.load()));
  CHECK(lines.size() == 2);
  if (!lines.empty()) CHECK(begins(lines[0], "stack of goroutine "));
  go_on.send({});
  ended.recv();
}

TEST_CASE("handles in malloc'd memory are roots, and what is nobody's has no path") {
  auto handles = std::make_unique<ptr<Node>[]>(1);
  Node* const node = end_of_chain(handles[0], 2);
  auto lines = debug::path_to_root(node);
  CHECK(lines.size() == 3);
  if (!lines.empty()) CHECK(begins(lines[0], "handle at 0x"));
  handles.reset();
  lines = debug::path_to_root(node);
  CHECK((lines.empty() || !begins(lines[0], "handle")));
}

TEST_CASE("the argument of a cleanup is kept by it") {
  Node* const object = new_<Node>();
  Node* argument = nullptr;
  wait_group added;
  added.go([&] {
    argument = new_<Node>();
    add_cleanup(
        object, [](ptr<Node>) {}, ptr<Node>(argument));
  });
  added.wait();
  const auto lines = debug::path_to_root(argument);
  CHECK(lines.size() == 3);
  if (!lines.empty()) CHECK(begins(lines[0], "cleanup"));
  keep_alive(object);
}

TEST_CASE("what is not a collected object is refused") {
  int outside = 0;
  CHECK_THROWS_AS(debug::path_to_root(&outside), runtime_error);
  CHECK_THROWS_AS(debug::path_to_root(nullptr), runtime_error);
}

TEST_CASE("paths may be asked for while others collect") {
  Node* const last = end_of_chain(global, 10);
  std::atomic<bool> over{false};
  wait_group collecting;
  collecting.go([&] {
    while (!over) detail::gc();
  });
  for (int i = 0; i < 5; ++i) CHECK(debug::path_to_root(last).size() == 11);
  over = true;
  collecting.wait();
  global = nullptr;
}

}  // namespace
}  // namespace gort::collector
