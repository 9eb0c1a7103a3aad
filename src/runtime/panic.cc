// What an exception that nobody catches prints: Go's panic report.
//
// Nothing is above a goroutine's first frame, so the unwinder finds no handler before it has
// unwound anything, and calls std::terminate where the exception was thrown: the whole stack is
// still there. (Where a noexcept function is in the way, the stack up to it is gone by then; the
// message says so.) Values print as Go prints a panic's: exceptions by what(), numbers and strings
// as they are, others as (type) address; what is nested inside follows, a line each.
//
// No exception is rethrown to find out what it is: the type's own catch-matching is asked, which
// unwinds nothing.
// Runs on the goroutine that dies. On a thread that is none the program's previous handler is
// called.
// Not here: panic and its exceptions (base/error.cc), faults (signals.cc).
#include "runtime/panic.h"

#include <cxxabi.h>
#include <unwind.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <typeinfo>

#include "base/assert.h"
#include "gort/error.hpp"
#include "runtime/death.h"
#include "runtime/dump.h"
#include "runtime/goroutines.h"
#include "runtime/writer.h"

extern "C" void __gxx_personality_v0();  // the C++ runtime's; only its address is of interest

namespace gort::runtime {
namespace {

std::terminate_handler previous_handler = nullptr;
constexpr int kMostNested = 100;
constexpr int kWhatMs = 5000;  // what() is the user's code

struct Thrown {
  const std::type_info* type = nullptr;
  void* object = nullptr;
};

Thrown look_into(const std::exception_ptr& pointer) {
  // An exception_ptr is one word: the address of the object.
  static_assert(sizeof pointer == sizeof(void*));
  Thrown thrown;
  thrown.type = pointer.__cxa_exception_type();
  thrown.object = *reinterpret_cast<void* const*>(&pointer);
  return thrown;
}

// The thrown object as a T, if `catch (T&)` would catch it.
template <class T>
T* caught_as(const Thrown& thrown) {
  void* object = thrown.object;
  return typeid(T).__do_catch(thrown.type, &object, 1) ? static_cast<T*>(object) : nullptr;
}

template <class T>
bool print_number(const Thrown& thrown, std::string& text) {
  if (*thrown.type != typeid(T)) return false;
  text = std::to_string(*static_cast<T*>(thrown.object));
  return true;
}

template <class T>
bool print_float(const Thrown& thrown, std::string& text) {
  if (*thrown.type != typeid(T)) return false;
  // Go's: a sign, six digits, an exponent of three.
  char number[64];
  std::snprintf(number, sizeof number, "%+.6e",
                static_cast<double>(*static_cast<T*>(thrown.object)));
  text = number;
  const std::size_t exponent = text.rfind('e');
  if (exponent != std::string::npos && text.size() - exponent == 4) text.insert(exponent + 2, "0");
  return true;
}

template <class... T>
bool print_any_number(const Thrown& thrown, std::string& text) {
  return (print_number<T>(thrown, text) || ...);
}

bool print_string(const Thrown& thrown, std::string& text) {
  const std::type_info& type = *thrown.type;
  if (type == typeid(const char*) || type == typeid(char*)) {
    const char* pointer = *static_cast<const char**>(thrown.object);
    text = pointer != nullptr ? pointer : "(null)";
  } else if (type == typeid(std::string)) {
    text = *static_cast<std::string*>(thrown.object);
  } else if (type == typeid(std::string_view)) {
    text = *static_cast<std::string_view*>(thrown.object);
  } else if (type == typeid(bool)) {
    text = *static_cast<bool*>(thrown.object) ? "true" : "false";
  } else if (type == typeid(char)) {
    text = std::string(1, *static_cast<char*>(thrown.object));
  } else {
    return false;
  }
  return true;
}

std::string describe(const Thrown& thrown) {
  if (thrown.type == nullptr) return "an exception of another language";
  if (auto* exception = caught_as<std::exception>(thrown)) return exception->what();
  std::string text;
  if (print_any_number<int, unsigned, long, unsigned long, long long, unsigned long long, short,
                       unsigned short, signed char, unsigned char>(thrown, text) ||
      print_float<double>(thrown, text) || print_float<float>(thrown, text) ||
      print_string(thrown, text)) {
    return text;
  }
  return detail::panic_text(*thrown.type, thrown.object);
}

bool is_throw(std::uintptr_t pc) {
  void* function = _Unwind_FindEnclosingFunction(reinterpret_cast<void*>(pc));
  return function == reinterpret_cast<void*>(&abi::__cxa_throw) ||
         function == reinterpret_cast<void*>(&abi::__cxa_rethrow) ||
         function == reinterpret_cast<void*>(
                         static_cast<void (*)(std::exception_ptr)>(&std::rethrow_exception));
}

// A noexcept function ends the unwinding from within its personality routine (g++) or after it
// (clang).
bool is_noexcept_end(std::uintptr_t pc) {
  return _Unwind_FindEnclosingFunction(reinterpret_cast<void*>(pc)) ==
         reinterpret_cast<void*>(&__gxx_personality_v0);
}

struct Message {
  Thrown thrown;
  const char* prefix;
  const char* suffix;
};

void print_message(void* argument) {
  const Message& message = *static_cast<Message*>(argument);
  const std::string text = describe(message.thrown);
  StderrWriter out;
  out.write(message.prefix);
  out.write(text);
  out.write(message.suffix);
}

void print_one(const Thrown& thrown, const char* prefix, const char* suffix) {
  Message message{thrown, prefix, suffix};
  if (attempt(print_message, &message, kWhatMs)) return;
  base::write_stderr("%s(an exception whose text could not be had)%s", prefix, suffix);
}

void print_exception(const std::exception_ptr& current) {
  std::exception_ptr pointer = current;
  Thrown thrown = look_into(pointer);
  const bool left_noexcept =
      death_trace().contains(is_noexcept_end) || !death_trace().contains(is_throw);
  print_one(thrown, "panic: ", left_noexcept ? " [left a noexcept function]\n" : "\n");
  for (int depth = 0; depth < kMostNested && thrown.type != nullptr; ++depth) {
    const auto* nested = caught_as<std::nested_exception>(thrown);
    if (nested == nullptr || nested->nested_ptr() == nullptr) return;
    pointer = nested->nested_ptr();
    thrown = look_into(pointer);
    print_one(thrown, "\tpanic: ", "\n");
  }
}

[[noreturn]] void on_terminate() {
  if (running_goroutine() == nullptr) {
    if (previous_handler != nullptr) previous_handler();
    std::abort();
  }
  if (!base::claim_death()) {
    escape_from_attempt();  // what() failed in turn
    base::exit_fatally();
  }
  trace_here(death_trace());
  if (const std::exception_ptr current = std::current_exception()) {
    print_exception(current);
  } else if (abi::__cxa_current_exception_type() != nullptr || std::uncaught_exceptions() > 0) {
    base::write_stderr("panic: an exception of another language\n");
  } else {
    base::write_stderr("fatal error: terminate called without an exception\n");
  }
  die_with_report(Fault::calling, base::FatalScope::current);
}

}  // namespace

void install_terminate_handler() { previous_handler = std::set_terminate(on_terminate); }

}  // namespace gort::runtime
