// A task whose function has failed and that is dropped before anybody waited for it ends the
// process too: whether the function or the dropping was first must not decide.
// expect-exit: 2
// expect-stderr: panic: nobody has asked
// expect-not: survived
#include <gort/gort.hpp>

#include <cstdio>
#include <stdexcept>

int main() {
  return gort::run([] {
    {
      auto task = gort::spawn([] { throw std::runtime_error("nobody has asked"); });
      while (gort::num_goroutine() > 1) gort::yield();  // it has failed
    }
    std::puts("survived");
  });
}
