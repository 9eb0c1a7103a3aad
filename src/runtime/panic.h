// The terminate handler: how an uncaught exception ends the process.
//
// Runs at boot; the handler on the goroutine that dies. Not here: what it prints (panic.cc).
#pragma once

namespace gort::runtime {

void install_terminate_handler();

}  // namespace gort::runtime
