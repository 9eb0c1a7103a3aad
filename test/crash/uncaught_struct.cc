// An exception of a type without a text prints as (type) address.
//
// expect-exit: 2
// expect-stderr: panic: (Problem) 0x
#include <gort/gort.hpp>

struct Problem {
  int code;
};

int main() {
  return gort::run([] { throw Problem{7}; });
}
