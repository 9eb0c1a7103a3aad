// A null pointer's member: Go's text, the signal, and the stack from the faulting line on.
//
// expect-exit: 2
// expect-stderr: panic: runtime error: invalid memory address or nil pointer dereference
// expect-stderr: [signal SIGSEGV: segmentation violation code=0x1 addr=0x8 pc=0x
// expect-stderr: goroutine 1 [running]:
// expect-stderr: touch(Node*)
// expect-stderr: null_dereference.cc:18
// expect-stderr: main
// not-under: asan tsan ubsan
#include <gort/gort.hpp>

struct Node {
  Node* next;
  volatile int value;
};

[[gnu::noinline]] int touch(Node* node) { return node->value + 1; }

int main() {
  return gort::run([] {
    Node* volatile nothing = nullptr;
    return touch(nothing) + 1;
  });
}
