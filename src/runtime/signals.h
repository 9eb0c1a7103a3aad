// The signals that gort handles: faults, which grow stacks or kill, and SIGQUIT, which dumps.
//
// Installed at boot. Not here: what a fault means (signals.cc), the dump on SIGQUIT (quit.cc).
#pragma once

#include <csignal>
#include <cstdint>

namespace gort::runtime {

// SIGSEGV, SIGBUS, SIGFPE, SIGILL. What was installed before keeps the faults that are not a
// goroutine's.
void install_fault_handlers();
// SIGQUIT, unless the program or whoever started it has already said what it does.
void install_quit_handler();

// The interrupted program counter and stack pointer of a handler's third argument.
std::uintptr_t interrupted_pc(const void* context);
std::uintptr_t interrupted_sp(const void* context);

}  // namespace gort::runtime
