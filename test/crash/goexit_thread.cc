// goexit on a thread that is no goroutine.
//
// expect-exit: 2
// expect-stderr: fatal error: goexit called on a thread that is no goroutine
// expect-stderr: thread
// expect-stderr: [running]:
#include <gort/gort.hpp>

int main() { gort::goexit(); }
