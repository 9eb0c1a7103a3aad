// An exception that leaves a cleanup ends the process, as one that leaves any goroutine.
//
// expect-exit: 2
// expect-stderr: panic: no more
// expect-stderr: [running]:
#include <stdexcept>

#include <gort/gort.hpp>

struct Object {
  long words[4];
};

int main() {
  using namespace std::chrono_literals;
  return gort::run([] {
    gort::wait_group made;
    made.go([] {
      for (int i = 0; i < 100; ++i) {
        Object* const object = gort::new_<Object>();
        gort::add_cleanup(object, [](int) { throw std::runtime_error("no more"); }, 0);
      }
    });
    made.wait();
    for (;;) {
      gort::gc();
      gort::sleep(1ms);
    }
  });
}
