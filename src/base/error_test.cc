// Tests of panic_error and runtime_error: what they carry and what they print.
//
// Not here: what an uncaught one does to the process (test/crash).
#include "gort/error.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

namespace {

template <class T>
std::string text_of(T value) {
  try {
    gort::panic(std::move(value));
  } catch (const gort::panic_error& error) {
    return error.what();
  }
}

struct Named {
  std::string to_string() const { return "a named thing"; }
};
struct Plain {
  int number;
};
struct OnlyMoved {
  OnlyMoved() = default;
  OnlyMoved(OnlyMoved&&) = default;
};

}  // namespace

TEST_CASE("panic throws an exception that catch recovers, with the value and its text") {
  try {
    gort::panic(std::string("out of paper"));
  } catch (const gort::panic_error& error) {
    CHECK(std::string(error.what()) == "out of paper");
    CHECK(std::any_cast<std::string>(error.value()) == "out of paper");
  }
}

TEST_CASE("the text of a panic is the value's own, or its type and address") {
  CHECK(text_of("literal") == "literal");
  CHECK(text_of(42) == "42");
  CHECK(text_of(true) == "true");
  CHECK(text_of('x') == "x");
  CHECK(text_of(std::runtime_error("inner")) == "inner");
  CHECK(text_of(Named{}) == "a named thing");
  CHECK(text_of(Plain{1}).find("Plain) 0x") != std::string::npos);
  CHECK(text_of(OnlyMoved{}).find("OnlyMoved) 0x") != std::string::npos);
}

TEST_CASE("errors of the runtime are panics without a value") {
  try {
    gort::detail::throw_runtime_error("close of closed channel");
  } catch (const gort::panic_error& error) {
    CHECK(std::string(error.what()) == "close of closed channel");
    CHECK_FALSE(error.value().has_value());
    CHECK(dynamic_cast<const gort::runtime_error*>(&error) != nullptr);
  }
}

TEST_CASE("a bad stack limit says what would be good") {
  try {
    gort::detail::throw_stack_limit(100, 16384, 1 << 30);
  } catch (const gort::runtime_error& error) {
    CHECK(std::string(error.what()) ==
          "stack limit of 100 bytes is not between 16384 and 1073741824");
  }
}

TEST_CASE("copies of an error share its text, so copying cannot throw") {
  const gort::runtime_error first("the same");
  const gort::runtime_error second = first;
  CHECK(first.what() == second.what());
  static_assert(std::is_nothrow_copy_constructible_v<gort::runtime_error>);
}

TEST_CASE("defer runs at the end of its scope, in reverse order, also when it is left by a throw") {
  std::string order;
  try {
    gort::defer first([&] { order += "1"; });
    gort::defer second([&] { order += "2"; });
    gort::panic("out");
  } catch (const gort::panic_error&) {
    order += "!";
  }
  CHECK(order == "21!");
}
