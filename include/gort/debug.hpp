// Looking at a live program: what every goroutine is doing.
//
//     gort::dump_goroutines(std::cerr);
//
// The same text as a dying program prints: number, name, what each waits for and for how long, its
// stack, and who started it. Not here: the dump on SIGQUIT and on fatal errors, which needs no call
// (docs/guide/errors.md).
#pragma once

#include <iosfwd>

#include "gort/detail/boot_anchor.hpp"

namespace gort {

// Writes all goroutines, the caller first, to `out`. Others go on but cannot enter gort while
// stacks are collected, some microseconds each; names are looked up after that. Any thread. Throws
// what `out` throws. Go's runtime.Stack(buf, true).
void dump_goroutines(std::ostream& out);

}  // namespace gort
