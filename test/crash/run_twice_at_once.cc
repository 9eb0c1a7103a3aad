// run within run.
//
// expect-exit: 2
// expect-stderr: fatal error: run called while another run is in progress
#include <gort/gort.hpp>

int main() {
  return gort::run([] { return gort::run([] {}); });
}
