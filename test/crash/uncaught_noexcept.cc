// An exception that runs into a noexcept function: the message says so.
//
// expect-exit: 2
// expect-stderr: panic: not as quiet as promised [left a noexcept function]
// expect-stderr: goroutine 1 [running]:
#include <stdexcept>

#include <gort/gort.hpp>

[[gnu::noinline]] void loud(bool now) {
  if (now) throw std::runtime_error("not as quiet as promised");
}
[[gnu::noinline]] void quiet(bool now) noexcept { loud(now); }

int main() {
  return gort::run([] { quiet(true); });
}
