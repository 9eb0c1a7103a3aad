// Plain pointers in malloc'd memory and in a global: reported, with the type, when the objects die.
//
// expect-exit: 0
// expect-stderr: gort: malloccheck: the word at 0x
// expect-stderr: , in a block of
// expect-stderr: an object that is about to be freed, 0x
// expect-stderr: : 32 bytes
// expect-stderr: , without pointers,
// expect-stderr: Sample
// expect-stderr: , in global variables of
// expect-stderr: Node
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
struct Sample {
  double x = 0, y = 0, z = 0;
};

Node* remembered[8];

}  // namespace

int main() {
  return gort::run([] {
    std::vector<Sample*> samples;
    gort::wait_group made;
    // On a stack that is gone afterwards.
    made.go([&] {
      for (int i = 0; i < 8; ++i) samples.push_back(gort::new_<Sample>());
      for (Node*& node : remembered) node = gort::new_<Node>();
    });
    made.wait();
    gort::gc();
    gort::gc();
    return 0;
  });
}
