#!/usr/bin/env python3
"""Compiles a program with and without its bad line: the one must fail, the other not.

    run.py SOURCE COMPILER [ARGUMENT...]

SOURCE guards the bad line with `#ifdef GORT_BAD_LINE`. A comment `// expect-error: TEXT`, any
number of them, says what the compiler must name; without, any error will do. Only the syntax is
checked: nothing is written.
"""

import re
import subprocess
import sys


def compile_once(source, compiler, bad):
    command = compiler + ["-fsyntax-only"] + (["-DGORT_BAD_LINE"] if bad else []) + [source]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


def main():
    source, compiler = sys.argv[1], sys.argv[2:]
    with open(source, encoding="utf-8") as file:
        text = file.read()
    if "GORT_BAD_LINE" not in text:
        sys.exit(f"{source}: no GORT_BAD_LINE")
    status, output = compile_once(source, compiler, bad=False)
    if status != 0:
        sys.exit(f"{source}: does not compile without its bad line:\n{output}")
    status, output = compile_once(source, compiler, bad=True)
    if status == 0:
        sys.exit(f"{source}: compiles with its bad line")
    if " error: " not in output:
        sys.exit(f"{source}: the compiler failed without an error:\n{output}")
    missing = [wish for wish in re.findall(r"^// *expect-error: *(.*)$", text, re.M)
               if wish not in output]
    if missing:
        sys.exit(f"{source}: no error says {missing}:\n{output}")


if __name__ == "__main__":
    main()
