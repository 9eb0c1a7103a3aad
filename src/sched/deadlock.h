// When no goroutine can ever run again.
//
// The question is asked by the thread that makes the last processor idle, with the scheduler's lock
// held, where the answer cannot change: all processors idle, nobody in user code without one, no
// global work, no timer that a user waits for, no foreign thread attached, nothing awaited from
// outside. Only while run() is in progress.
//
// A thread that gort has not seen may still call in for the first time and wake everybody. So the
// process's threads are counted, and while there are more than gort's own the report waits: the
// monitor asks again.
// Not here: what is printed (runtime/dump.cc).
#pragma once

namespace gort::sched {

bool is_deadlocked_locked();
// A thread has gone that could have woken others: the monitor asks again.
void suspect_deadlock();
// Asks again if the answer had to wait for unknown threads; does not return if it is yes now.
void recheck_deadlock();
bool deadlock_is_suspected();
[[noreturn]] void report_deadlock();

}  // namespace gort::sched
