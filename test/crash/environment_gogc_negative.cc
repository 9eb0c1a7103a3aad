// GOGC="-5" means that nothing is collected, as whatever is negative does to Go.
//
// env: GOGC=-5
// expect-exit: 0
// expect-stdout: off, and nothing was collected
#include <cstdio>

#include <gort/gort.hpp>

int main() {
  return gort::run([] {
    for (int i = 0; i < 32; ++i) static_cast<void>(gort::make<gort::slice<char>>(1 << 20));
    const bool none = gort::read_mem_stats().num_gc == 0;
    const bool off = gort::set_gc_percent(100) == -1;
    std::printf("%s, and %s was collected\n", off ? "off" : "on", none ? "nothing" : "something");
  });
}
