// Where and how a report of the process's death is made: its own stack, and steps that may fail.
//
// Whatever went wrong, the report must come out. So it runs on a stack reserved at boot (the one at
// hand may be used up, or be a signal stack), and each step that reads memory in doubt, or
// allocates in a process whose allocator may be locked for ever, is an *attempt*: a fault or a
// delay in it is cut off by jumping out, and the report goes on with less. What an attempt held
// when it was cut off is lost; the process ends anyway.
//
// Runs on the thread that dies, and only there. Not here: who is the first to die (base/assert.h),
// what the report says (dump.cc).
#pragma once

namespace gort::runtime {

void reserve_death_stack();
// Runs `report(argument)` on the reserved stack and ends the process. Faults are not blocked in it.
[[noreturn]] void report_and_die(void (*report)(void* argument), void* argument);

// True if `step(argument)` returned; false if it faulted, threw, or took longer than
// `milliseconds`. Only in a report. Attempts do not nest: the inner one is part of the outer.
bool attempt(void (*step)(void* argument), void* argument, int milliseconds);

// For the fault handler: does not return if the thread is in an attempt.
void escape_from_attempt();

}  // namespace gort::runtime
