// What gort throws: panic_error, runtime_error, and the functions that headers call to throw them.
//
// The text sits behind a shared pointer because an exception is copied by the language where nobody
// can catch what its copy would throw. Throwing is out of line everywhere, so that checks cost
// their callers one branch.
// Runs on any thread. Not here: what an uncaught one prints (runtime/panic.cc).
#include "gort/error.hpp"

#include <cxxabi.h>

#include <cstdio>
#include <cstdlib>

namespace gort {

struct panic_error::state {
  std::string text;
  std::any value;
};

panic_error::panic_error(std::string text) : panic_error(std::move(text), std::any()) {}
panic_error::panic_error(std::string text, std::any value)
    : state_(std::make_shared<const state>(state{std::move(text), std::move(value)})) {}

const char* panic_error::what() const noexcept { return state_->text.c_str(); }
const std::any& panic_error::value() const noexcept { return state_->value; }

runtime_error::runtime_error(const char* text) : panic_error(std::string(text)) {}
runtime_error::runtime_error(std::string text) : panic_error(std::move(text)) {}

namespace detail {

void throw_panic(std::string text, std::any value) {
  throw panic_error(std::move(text), std::move(value));
}

void throw_runtime_error(const char* text) { throw runtime_error(text); }

void throw_stack_limit(std::size_t limit, std::size_t least, std::size_t most) {
  throw runtime_error("stack limit of " + std::to_string(limit) + " bytes is not between " +
                      std::to_string(least) + " and " + std::to_string(most));
}

std::string panic_text(const std::type_info& type, const void* value) {
  int status = 0;
  char* name = abi::__cxa_demangle(type.name(), nullptr, nullptr, &status);
  char address[32];
  std::snprintf(address, sizeof address, ") %p", value);
  std::string text = std::string("(") + (status == 0 ? name : type.name()) + address;
  std::free(name);
  return text;
}

}  // namespace detail
}  // namespace gort
