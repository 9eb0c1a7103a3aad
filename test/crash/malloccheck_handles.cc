// Handles in malloc'd memory are right there: nothing is reported, neither while they hold their
// objects nor when they have let go.
//
// expect-exit: 0
// expect-not: malloccheck: the word
// env: GODEBUG=malloccheck=1
// only-under: checked
#include <cstdint>
#include <gort/gort.hpp>
#include <vector>

namespace {

struct Node {
  std::uint64_t value = 0;
  gort::ptr<Node> next;
};

}  // namespace

int main() {
  return gort::run([] {
    std::vector<gort::ptr<Node>> nodes;
    gort::wait_group made;
    made.go([&] {
      for (int i = 0; i < 50; ++i) nodes.push_back(gort::new_<Node>());
    });
    made.wait();
    gort::gc();
    for (gort::ptr<Node>& node : nodes) node = nullptr;
    gort::gc();
    gort::gc();
    return 0;
  });
}
