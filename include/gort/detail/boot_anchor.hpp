// Makes a program that uses any part of gort link the part that configures it.
//
// The scheduler starts itself on first use and asks the weak function gort_runtime_boot for its
// configuration. In a static library nothing else might refer to that function's object file; this
// reference does. Included by the public headers.
#pragma once

#ifndef GORT_BUILDING_LIBRARY  // its own folders know nothing of runtime/
extern "C" void gort_runtime_boot();

namespace gort::detail {
[[gnu::used]] inline void (*const boot_anchor)() = &gort_runtime_boot;
}
#endif
