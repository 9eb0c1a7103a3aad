// Looking at a live program: what every goroutine is doing, who keeps an object.
//
//     gort::dump_goroutines(std::cerr);
//     for (const std::string& line : gort::debug::path_to_root(p)) std::cerr << line << '\n';
//
// The first is the same text as a dying program prints: number, name, what each waits for and for
// how long, its stack, and who started it. Not here: the dump on SIGQUIT and on fatal errors, which
// needs no call (docs/guide/errors.md); numbers of the heap (mem_stats.hpp).
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "gort/detail/boot_anchor.hpp"

namespace gort {

// Writes all goroutines, the caller first, to `out`. Others go on but cannot enter gort while
// stacks are collected, some microseconds each; names are looked up after that. Any thread. Throws
// what `out` throws. Go's runtime.Stack(buf, true).
void dump_goroutines(std::ostream& out);

namespace debug {

// Why the collected object that `p` points into is not collected: a shortest way from a root to it,
// as lines of text. The first is the root (a goroutine's stack, or a handle in memory that is not
// traced, with its address, and the program or library that it is a variable of), the others are
// the objects on the way, each with the offset of the reference in the one before:
//
//     handle at 0x55d0c0a3e128 (./server+0x4128)
//     -> object 0x7f1200008000, 64 bytes
//     +16 -> object 0x7f1200010040, 256 bytes, with a destructor, Session
//
// A type is named if the object has a label: with a destructor, or of more than 512 bytes; each is
// in builds with GORT_CHECKED. An array is named by its elements.
// Empty if nothing is found: the caller's own stack and registers, which hold `p`, do not count.
// Words on stacks, and those of objects without a layout, may be numbers that look like addresses.
// Everything stands still meanwhile, for about as long as a collection takes, and memory of half
// the heap's size may be needed: a tool. Any thread. Throws runtime_error if `p` points into no
// collected object.
std::vector<std::string> path_to_root(const void* p);

}  // namespace debug
}  // namespace gort
