// One object that is larger than the machine has addresses for, though its size can be said.
//
// expect-exit: 2
// expect-stderr: fatal error: out of memory
// expect-stderr: [running]:
// not-under: asan tsan
#include <gort/gort.hpp>

int main() {
  return gort::run([] {
    auto bytes = gort::make<gort::slice<char>>(std::size_t{1} << 46);
    gort::keep_alive(&bytes[0]);
  });
}
