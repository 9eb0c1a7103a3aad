// run with an empty std::function is the same mistake.
//
// expect-exit: 2
// expect-stderr: fatal error: go of nil func value
#include <functional>

#include <gort/gort.hpp>

int main() { return gort::run(std::function<void()>()); }
