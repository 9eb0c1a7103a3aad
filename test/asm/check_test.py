#!/usr/bin/env python3
"""Tests check.py: small sources are compiled at -O2, and it must name each planted fault.

Usage: check_test.py COMPILER
"""

import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))

THREAD = r"""
extern "C" { extern __thread long* gort_current_thread; void* gort_switch(void*, void*, void*); }
[[gnu::always_inline]] inline long* current() {
  long* thread;
  asm volatile("movq gort_current_thread@gottpoff(%%rip), %0\n\tmovq %%fs:(%0), %0" : "=r"(thread));
  return thread;
}
void unrelated();
"""

# name, source after THREAD, budgets, what check.py must print (None: no fault)
CASES = [
    ("the right way",
     "long f() { long a = *current(); gort_switch(0, 0, 0); return a + *current(); }", "", None),
    ("the setter", "void set_current_thread(long* t) { gort_current_thread = t; }", "", None),
    ("cached by the compiler",
     "extern __thread int own; int f() { int a = own; gort_switch(0, 0, 0); return a + own; }", "",
     "f(): touches thread-local storage"),
    ("the address alone",
     "__thread int own; int* f() { return &own; }", "", "f(): touches thread-local storage"),
    ("the variable read without the asm",
     "long* f() { return gort_current_thread; }", "", None),  # the same instructions: no harm
    ("the variable's address cached",
     "long f() { long** t = &gort_current_thread; gort_switch(t, 0, 0); return **t; }", "",
     "f(): touches thread-local storage"),
    ("errno around a switch",
     "#include <cerrno>\nint f() { errno = 0; gort_switch(0, 0, 0); return errno; }", "",
     "f(): calls __errno_location and can switch"),
    ("errno around a call that switches",
     "#include <cerrno>\n[[gnu::noinline]] void g() { gort_switch(0, 0, 0); unrelated(); }\n"
     "int f() { errno = 0; g(); return errno; }", "",
     "f(): calls __errno_location and can switch, by g() -> gort_switch"),
    ("a tail call switches too",
     "#include <cerrno>\nvoid f() { errno = 0; gort_switch(0, 0, 0); }", "",
     "f(): calls __errno_location and can switch"),
    ("errno where nothing switches",
     "#include <cerrno>\nint f() { errno = 0; unrelated(); return errno; }", "", None),
    ("exception state",
     'extern "C" void** __cxa_get_globals() noexcept __attribute__((const));\n'
     "void f() { *__cxa_get_globals() = 0; gort_switch(0, 0, 0); *__cxa_get_globals() = 0; }", "",
     "f(): calls __cxa_get_globals and can switch"),
    ("within the budget", "int f(int a) { return a + 1; }", "f 3", None),
    ("budget by full name", "int f(int a) { return a + 1; }", "f(int) 3", None),
    ("over the budget", "void f() { unrelated(); unrelated(); }", "f 2", "f: "),
    ("budget of nothing", "int f(int a) { return a + 1; }", "g 3", "no function g"),
]


def main():
    compiler, bad = sys.argv[1], 0
    with tempfile.TemporaryDirectory() as folder:
        def path(name):
            return os.path.join(folder, name)
        for name, source, budgets, wanted in CASES:
            for file, text in (("a.cc", THREAD + source + "\n"), ("budgets.txt", budgets + "\n"),
                               ("objects.txt", f"sched {path('a.o')}\n")):
                with open(path(file), "w", encoding="utf-8") as f:
                    f.write(text)
            subprocess.run([compiler, "-std=c++20", "-O2", "-fPIE", "-fno-plt", "-c", path("a.cc"),
                            "-o", path("a.o")], check=True)
            result = subprocess.run([sys.executable, os.path.join(HERE, "check.py"), "--objects",
                                     path("objects.txt"), "--budgets", path("budgets.txt")],
                                    capture_output=True, text=True, check=False)
            status = 0 if wanted is None else 1
            if result.returncode != status or (wanted or "") not in result.stdout:
                bad += 1
                print(f"{name}: expected {wanted or 'no fault'}\n{result.stdout}{result.stderr}")
    print(f"{len(CASES) - bad} of {len(CASES)} cases judged as expected")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
