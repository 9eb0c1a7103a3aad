// A memory limit below what lives: the program becomes slow and goes on; it does not die.
//
// expect-exit: 0
// expect-stdout: all there
// env: GOMEMLIMIT=16MiB
// timeout: 100
#include <cstdio>

#include <gort/gort.hpp>

struct Node {
  gort::ptr<Node> next;
  std::uint64_t number;
  std::uint64_t rest[30];
};

int main() {
  return gort::run([] {
    constexpr std::uint64_t kNodes = 40 << 12;  // 40 MB
    Node* first = nullptr;
    for (std::uint64_t i = 0; i < kNodes; ++i) {
      Node* const node = gort::new_<Node>();
      node->next = first;
      node->number = i;
      first = node;
    }
    std::uint64_t expected = kNodes;
    for (Node* node = first; node != nullptr; node = node->next) {
      if (node->number != --expected) return 1;
    }
    std::puts(expected == 0 ? "all there" : "some are missing");
    return 0;
  });
}
